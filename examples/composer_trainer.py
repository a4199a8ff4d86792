"""Composer's Trainer with a batch that grows where its learning rate would decay."""

import torch
from composer.models import ComposerModel
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy
from torch.utils.data import TensorDataset

from bsgrow import plan_from_lr_scheduler
from bsgrow.integrations.composer import ComposerLoader


class Classifier(ComposerModel):
    """A network of two layers, as Composer wants it."""

    def __init__(self):
        super().__init__()
        layers = torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)
        self.net = torch.nn.Sequential(*layers)

    def forward(self, batch):
        return self.net(batch[0])

    def loss(self, outputs, batch):
        return cross_entropy(outputs, batch[1])


pixels, digits = map(torch.tensor, load_digits(return_X_y=True))
dataset = TensorDataset(pixels[:1536].float() / 16, digits[:1536])
model = Classifier()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[6, 9], gamma=0.25)
plan = plan_from_lr_scheduler(scheduler, num_samples=1536, epochs=12, global_batch_size=32)
trainer = ComposerLoader(dataset, plan).trainer(  # in place of composer.Trainer(…)
    model=model,
    optimizers=optimizer,
    device_train_microbatch_size=32,
    progress_bar=False,
)
trainer.fit()

with torch.no_grad():
    guesses = model.cpu()((pixels[1536:].float() / 16,)).argmax(1)
accuracy = (guesses == digits[1536:]).double().mean()
print(f"test accuracy {accuracy:.2%}, {plan.num_updates} updates")

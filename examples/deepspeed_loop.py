"""A loop with a DeepSpeed engine whose batch grows where its learning rate would decay.

On the CPU: DS_ACCELERATOR=cpu deepspeed examples/deepspeed_loop.py
"""

import deepspeed
import torch
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy
from torch.utils.data import TensorDataset

from bsgrow import plan_from_lr_scheduler
from bsgrow.integrations.deepspeed import DeepSpeedLoader

CONFIG = {
    "train_micro_batch_size_per_gpu": 32,  # without gradient_accumulation_steps
    "gradient_clipping": 0,  # the engine clips at 1 where this is not said
    "zero_optimization": {"stage": 2},
    "zero_allow_untested_optimizer": True,  # as DeepSpeed calls torch's SGD
}

pixels, digits = map(torch.tensor, load_digits(return_X_y=True))
dataset = TensorDataset(pixels[:1536].float() / 16, digits[:1536])
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[6, 9], gamma=0.25)
plan = plan_from_lr_scheduler(scheduler, num_samples=1536, epochs=12, global_batch_size=32)
engine, *_ = deepspeed.initialize(model=model, optimizer=optimizer, config=CONFIG)
loader = DeepSpeedLoader(engine, dataset, plan, micro_batch_size=32)
for epoch in loader.epochs():  # those that are left, also after engine.load_checkpoint(…)
    for (images, labels), cut in loader:
        loss = cross_entropy(engine(images), labels) * cut.weight
        engine.backward(loss)
        engine.step()  # makes the update with its last micro-batch

with torch.no_grad():
    guesses = engine(pixels[1536:].float().to(engine.device) / 16).argmax(1).cpu()
accuracy = (guesses == digits[1536:]).double().mean()
print(f"test accuracy {accuracy:.2%}, {plan.num_updates} updates")

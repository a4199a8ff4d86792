"""The Trainer of transformers with a batch that grows where the learning rate would decay.

On several processes: torchrun --nproc-per-node 2 examples/transformers_digits.py
"""

from tempfile import TemporaryDirectory

import torch
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy
from transformers import TrainingArguments

from bsgrow import Growth, Reference, compile_plan
from bsgrow.integrations.transformers import GrowingTrainer

pixels, digits = map(torch.tensor, load_digits(return_X_y=True))
images = pixels.float() / 16


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = torch.nn.Linear(64, 64), torch.nn.Linear(64, 10)

    def forward(self, images, labels):
        logits = self.out(self.hidden(images).relu())
        return {"loss": cross_entropy(logits, labels), "logits": logits}


def samples(first, last):
    return [{"images": images[i], "labels": digits[i]} for i in range(first, last)]


def accuracy(prediction):
    return {"accuracy": float((prediction.predictions.argmax(1) == prediction.label_ids).mean())}


curve = {"name": "CosineAnnealingLR", "T_max": 12}
plan = compile_plan(Reference(12, 0.003, 32, curve=curve), Growth(rule="sqrt"), num_samples=1536)
with TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        output_dir=folder,
        per_device_train_batch_size=32,  # the micro-batch
        learning_rate=plan.reference.lr,
        logging_steps=50,  # updates, as save_steps and max_steps
        save_strategy="epoch",
        report_to="none",
        use_cpu=True,
    )
    data = {"train_dataset": samples(0, 1536), "eval_dataset": samples(1536, 1797)}
    trainer = GrowingTrainer(Network(), arguments, plan=plan, **data, compute_metrics=accuracy)
    updates = trainer.train().global_step
    found = trainer.evaluate()["eval_accuracy"]
print(f"test accuracy {found:.2%}, {updates} updates")

"""Lightning's Trainer with a batch that grows where the learning rate would decay."""

import lightning.pytorch as pl
import torch
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from bsgrow import Growth, Reference, compile_plan
from bsgrow.integrations.lightning import GrowingBatch, GrowingDataModule

EPOCHS, BATCH, LR, MOMENTUM = 12, 32, 0.1, 0.9


class Digits(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.model = torch.nn.Sequential(
            torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)
        )

    def training_step(self, batch, batch_idx):
        images, labels = batch
        return cross_entropy(self.model(images), labels)

    def validation_step(self, batch, batch_idx):
        images, labels = batch
        accuracy = (self.model(images).argmax(1) == labels).double().mean()
        self.log("accuracy", accuracy, prog_bar=True)

    def configure_optimizers(self):  # the optimizer alone: the plan has the schedule
        return torch.optim.SGD(self.parameters(), lr=LR, momentum=MOMENTUM)


pixels, digits = map(torch.tensor, load_digits(return_X_y=True))
dataset = TensorDataset(pixels[:1536].float() / 16, digits[:1536])
tested = DataLoader(TensorDataset(pixels[1536:].float() / 16, digits[1536:]), batch_size=261)

curve = {"name": "MultiStepLR", "milestones": [6, 9], "gamma": 0.25}
plan = compile_plan(Reference(EPOCHS, LR, BATCH, MOMENTUM, curve), Growth(), num_samples=1536)
data = GrowingDataModule(dataset, plan, micro_batch_size=BATCH, val_dataloaders=tested)

quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
trainer = pl.Trainer(max_epochs=EPOCHS, callbacks=[GrowingBatch()], accelerator="cpu", **quiet)
trainer.fit(Digits(), datamodule=data)
accuracy = float(trainer.callback_metrics["accuracy"])
print(f"test accuracy {accuracy:.2%}, {trainer.global_step} updates")

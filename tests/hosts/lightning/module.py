"""A module that notes what its optimizer is given."""

import lightning.pytorch as pl
import torch

from bsgrow.integrations.lightning import GrowingBatch, GrowingDataModule
from tests.hosts.reference import PLAN, Run, Samples, flat, loss_of, make_model, make_optimizer


class Module(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.network, self.run, self.sizes = make_model(), Run({}, [], []), []

    def training_step(self, batch, batch_idx):
        self.run.read(batch, self.trainer.callbacks[0].cut)
        self.sizes.append(len(batch[0]))
        loss = loss_of(self.network, batch)
        self.log("loss", loss)
        return loss

    def on_before_optimizer_step(self, optimizer):
        self.run.note(optimizer)

    def on_train_end(self):
        self.run.weights = flat(self.network.parameters())

    def configure_optimizers(self):
        return make_optimizer(self.network)


def data(micro_batch_size=8, *, of=None, **arguments):
    return GrowingDataModule(of or Samples(), PLAN, micro_batch_size=micro_batch_size, **arguments)


QUIET = {
    "accelerator": "cpu",
    "logger": False,
    "enable_checkpointing": False,
    "enable_model_summary": False,
    "enable_progress_bar": False,
}


def trainer(*callbacks, **arguments):
    torch.set_num_threads(1)
    own = {**QUIET, "max_epochs": 9}  # more than the plan has
    return pl.Trainer(**own | arguments, callbacks=[GrowingBatch(), *callbacks])

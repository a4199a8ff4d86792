"""What would not make the plan's updates is refused with a sentence, before any is made."""

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import GradientAccumulationScheduler, StochasticWeightAveraging
from torch.utils.data import DataLoader, SubsetRandomSampler

from bsgrow.errors import InputError
from bsgrow.integrations.plain.loop_error import LoopError
from tests.hosts.lightning.module import Module, data, trainer
from tests.hosts.reference import Samples, make_optimizer


class Manual(Module):
    def __init__(self):
        super().__init__()
        self.automatic_optimization = False


class Scheduled(Module):
    def configure_optimizers(self):
        optimizer = make_optimizer(self.network)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]


class Several(Module):
    def configure_optimizers(self):
        return torch.optim.LBFGS(self.network.parameters())


class Scaled(pl.plugins.MixedPrecision):
    def __init__(self):
        super().__init__("16-mixed", "cpu", torch.amp.GradScaler("cpu"))


class Unknown(pl.strategies.ParallelStrategy):
    """Of several processes, in a way that is not DDP's."""

    root_device = torch.device("cpu")
    is_global_zero = True

    def all_gather(self, tensor, group=None, sync_grads=False):
        return tensor

    def barrier(self, name=None):
        return None

    def broadcast(self, obj, src=0):
        return obj

    def model_to_device(self):
        return None

    def reduce(self, tensor, *args, **kwargs):
        return tensor


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        (Manual, {}, "automatic_optimization = False"),
        (Module, {"accumulate_grad_batches": 2}, "accumulate_grad_batches = 2"),
        (Module, {"limit_train_batches": 3}, "limit_train_batches"),
        (Module, {"fast_dev_run": True}, "fast_dev_run"),
        (Module, {"overfit_batches": 3}, "overfit_batches"),
        (Module, {"plugins": Scaled()}, "gradient scaler"),
        (Module, {"strategy": Unknown()}, "Unknown: an update is known to be exact on"),
        (Scheduled, {}, "StepLR would move the learning rate beside the plan"),
        (Several, {}, "LBFGS"),
    ],
)
def test_what_would_not_make_the_updates_is_refused(module, arguments, message):
    with pytest.raises(InputError, match=message):
        trainer(**arguments).fit(module(), datamodule=data())


class Derived(GradientAccumulationScheduler):
    """One of the program's own."""


@pytest.mark.parametrize("callback", [Derived({0: 2}), StochasticWeightAveraging(0.1)])
def test_what_else_sets_the_accumulation_is_refused(callback):
    with pytest.raises(InputError, match="which the plan decides"):
        trainer(callback).fit(Module(), datamodule=data())


def test_other_data_is_refused():
    with pytest.raises(InputError, match="not of a plan"):
        trainer().fit(Module(), DataLoader(Samples(), batch_size=8))


class Sampled(pl.LightningDataModule):
    def train_dataloader(self):
        return DataLoader(Samples(), batch_size=8, sampler=SubsetRandomSampler(range(101)))


class Two(pl.LightningDataModule):
    def train_dataloader(self):
        return [DataLoader(Samples()), DataLoader(Samples())]


@pytest.mark.parametrize(
    ("own", "message"), [(Sampled, "SubsetRandomSampler"), (Two, "expected one DataLoader")]
)
def test_an_order_of_the_data_modules_own_is_refused(own, message):
    with pytest.raises(InputError, match=message):
        trainer().fit(Module(), datamodule=data(of=own()))


class Leaves(Module):
    def training_step(self, batch, batch_idx):
        return super().training_step(batch, batch_idx) if batch_idx != 9 else None


def test_a_micro_batch_without_a_loss_is_told_of():
    with pytest.raises(LoopError, match="training_step returned None"):
        trainer().fit(Leaves(), datamodule=data())

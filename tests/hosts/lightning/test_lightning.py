"""Lightning's Trainer makes the plan's updates."""

import lightning.pytorch as pl
import numpy as np
import pytest
import torch

from bsgrow.integrations.lightning import GrowingDataModule
from tests.hosts.lightning.module import Module, data, trainer
from tests.hosts.reference import CLIPPED, NUM_SAMPLES, PLAN, Samples, reference_run, require_same


@pytest.fixture(scope="module")
def expected():
    return reference_run()


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("size", [8, 6])
def test_every_update_is_that_of_a_plain_loop(expected, size, workers):
    module, runs = Module(), trainer()
    runs.fit(module, datamodule=data(size, num_workers=workers))
    require_same([module.run], expected)
    assert (runs.global_step, runs.current_epoch) == (PLAN.num_updates, 3)


def test_an_update_is_clipped_as_a_whole():
    module = Module()
    trainer(gradient_clip_val=CLIPPED).fit(module, datamodule=data(6))
    expected = reference_run(clip=CLIPPED)  # Lightning clips after what the module notes
    assert np.abs(module.run.weights - expected.weights).max() < 1e-12


def test_steps_count_updates_and_fewer_may_be_made():
    module, runs = Module(), trainer(max_steps=11)
    runs.fit(module, datamodule=data())
    assert len(module.run.samples) == runs.global_step == 11
    runs.fit_loop.epoch_loop.max_steps = -1
    runs.fit(module, datamodule=data())  # goes on, with an optimizer that is new
    assert runs.global_step == PLAN.num_updates
    assert module.run.samples == reference_run().samples


def test_what_was_used_in_a_trainer_can_be_used_in_another():
    growing = data()
    first = trainer(max_steps=17)  # ends within the updates of several micro-batches
    first.fit(Module(), datamodule=growing)
    module, second = Module(), trainer(max_steps=3)
    second.callbacks[0] = first.callbacks[0]
    second.fit(module, datamodule=growing)
    assert (first.global_step, second.global_step, len(module.run.samples)) == (17, 3, 3)


class Watch(pl.Callback):
    """Notes the length of each epoch, the losses that others are given, and when it validates."""

    def __init__(self):
        self.lengths, self.taken, self.losses, self.validated = [], [], [], []

    def on_train_epoch_start(self, trainer, pl_module):
        self.lengths.append(trainer.num_training_batches)

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.losses.append((float(outputs["loss"]), float(trainer.callback_metrics["loss"])))

    def on_train_epoch_end(self, trainer, pl_module):
        self.taken.append(trainer.fit_loop.batch_idx + 1)

    def on_validation_start(self, trainer, pl_module):
        self.validated.append(trainer.global_step)


class Validates(Module):
    def validation_step(self, batch, batch_idx):
        return None


def test_epochs_have_their_length_and_losses_are_as_the_module_returned_them():
    watch = Watch()
    runs = trainer(watch, num_sanity_val_steps=0)
    validating = torch.utils.data.DataLoader(Samples(), batch_size=50)
    runs.fit(Validates(), datamodule=data(6, val_dataloaders=validating))
    assert watch.lengths == watch.taken == [25, 19, 16]
    assert watch.losses == [(pytest.approx(logged), logged) for _, logged in watch.losses]
    ends = [next(u.index + 1 for u in PLAN.updates() if u.stop >= n * NUM_SAMPLES) for n in (1, 2)]
    assert watch.validated == [*ends, PLAN.num_updates]


class Own(pl.LightningDataModule):
    """A data module as one that is there already."""

    def __init__(self, **arguments):
        super().__init__()
        self.arguments, self.calls = arguments, []

    def prepare_data(self):
        self.calls.append("prepare")

    def setup(self, stage):
        self.calls.append(f"setup {stage == 'fit'} {self.trainer is not None}")

    def train_dataloader(self):
        return torch.utils.data.DataLoader(Samples(), batch_size=8, **self.arguments)

    def on_after_batch_transfer(self, batch, dataloader_idx):
        return [*batch[:2], batch[2] + 1000, batch[3]]

    def state_dict(self):
        return {"calls": self.calls}

    def load_state_dict(self, state_dict):
        self.calls = state_dict["calls"] + self.calls


def test_a_data_module_is_read_as_it_reads_itself(expected):
    own, module = Own(shuffle=True), Module()
    trainer().fit(module, datamodule=data(of=own))
    assert own.calls == ["prepare", "setup True True"]
    pairs = module.run.samples
    module.run.samples = {index: [(e, i - 1000) for e, i in pairs[index]] for index in pairs}
    require_same([module.run], expected)


def test_a_data_module_decides_what_is_not_said():
    module = Module()
    wrapped = GrowingDataModule(Own(shuffle=False), PLAN)
    trainer(max_steps=9).fit(module, datamodule=wrapped)
    assert set(module.sizes) == {8}
    taken = [sample - 1000 for each in module.run.samples.values() for _, sample in each]
    assert taken == list(range(PLAN.update(8).stop))

"""A run that ended in the middle goes on by trainer.fit(ckpt_path=…) as if it never had."""

import os

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from bsgrow.errors import InputError
from tests.hosts.lightning.module import QUIET, Module, data, trainer
from tests.hosts.reference import PLAN, Samples, loss_of, reference_run, require_same


class Exits(pl.Callback):
    """Ends the process at a batch, as a power cut would."""

    def __init__(self, num_batches):
        self.left = num_batches

    def on_after_backward(self, trainer, pl_module):
        self.left -= 1
        if not self.left:
            os._exit(9)


class Plain(Module):
    """Trains without a plan."""

    def training_step(self, batch, batch_idx):
        return loss_of(self.network, batch)


def train(folder, *callbacks, size=8, ckpt_path=None):
    saves = ModelCheckpoint(folder, "{step}", every_n_train_steps=1, save_top_k=-1)
    module, runs = Module(), trainer(*callbacks, saves, enable_checkpointing=True)
    runs.fit(module, datamodule=data(size), ckpt_path=ckpt_path)
    return module, runs


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The checkpoints of a run that was killed in the middle of its last update but one."""
    folder = tmp_path_factory.mktemp("killed")
    child = os.fork()
    if not child:
        try:
            train(folder, Exits(33))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    return folder


# In the middle of the first epoch, at its end (11 updates), in the second and in the third.
@pytest.mark.parametrize(("step", "size"), [(3, 8), (11, 8), (12, 8), (17, 6), (9, 20)])
def test_a_run_that_was_killed_goes_on(killed, tmp_path, step, size):
    module, runs = train(tmp_path, size=size, ckpt_path=killed / f"step={step}.ckpt")
    require_same([module.run], reference_run().since(step))
    assert (runs.global_step, runs.current_epoch) == (PLAN.num_updates, 3)


class SavesWithin(pl.Callback):
    """Saves in the middle of an update, as by the clock, and ends the run there."""

    def __init__(self, path, index):
        self.path, self.index = path, index

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        cut = trainer.callbacks[0].cut
        if cut.update.index == self.index and not cut.closes_update:
            trainer.save_checkpoint(self.path)
            trainer.should_stop = True


@pytest.mark.parametrize("index", [8, 16])
def test_an_update_that_was_saved_in_its_middle_is_made_anew(tmp_path, index):
    train(tmp_path, SavesWithin(tmp_path / "within.ckpt", index))
    module, runs = train(tmp_path, ckpt_path=tmp_path / "within.ckpt")
    require_same([module.run], reference_run().since(index))
    assert (runs.global_step, runs.current_epoch) == (PLAN.num_updates, 3)


def test_a_checkpoint_of_a_run_without_the_plan_is_refused(tmp_path):
    path = tmp_path / "plain.ckpt"
    plain = pl.Trainer(**QUIET, max_steps=5)
    plain.fit(Plain(), torch.utils.data.DataLoader(Samples(), batch_size=8))
    plain.save_checkpoint(path)
    with pytest.raises(InputError, match="after 5 steps, and the plan after 0 updates"):
        train(tmp_path, ckpt_path=path)


def test_the_same_process_goes_on_to_the_bit(killed, tmp_path):
    module, _ = train(tmp_path, ckpt_path=killed / "step=13.ckpt")
    whole, _ = train(tmp_path / "whole")
    assert (module.run.weights == whole.run.weights).all()


def test_a_run_that_has_ended_makes_nothing_more(tmp_path):
    train(tmp_path)
    last = tmp_path / f"step={PLAN.num_updates}.ckpt"
    module, runs = train(tmp_path, ckpt_path=last)
    assert module.run.samples == {}
    assert runs.global_step == PLAN.num_updates

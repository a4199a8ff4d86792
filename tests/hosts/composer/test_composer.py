"""Whole updates for Composer, in its Trainer: what it cuts and weighs are those of the plan."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from composer import Trainer
from composer.algorithms import GradientClipping
from composer.core import Precision
from torch.utils.data import DataLoader

from bsgrow.errors import InputError
from bsgrow.integrations.composer import ComposerLoader
from tests.hosts.composer.runs import Model, train, train_in_ghost_batches
from tests.hosts.forked import preload, run_ranks
from tests.hosts.reference import (
    CLIPPED,
    PLAN,
    Samples,
    make_optimizer,
    reference_run,
    require_same,
)
from tests.training.processes import Killed

ROOT = Path(__file__).parents[3]
preload("tests.hosts.composer.conftest", "tests.hosts.composer.runs")

REFERENCE = reference_run()
ROUNDING = 1e-6  # Composer sums losses in float32


@pytest.mark.parametrize("size", [6, 8, 64])
def test_updates_are_those_of_a_loop_over_whole_ones(size):
    require_same([train(size)], REFERENCE, ROUNDING)


def test_an_update_is_clipped_as_a_whole():
    clipping = GradientClipping("norm", CLIPPED)
    run = train(trainer={"algorithms": clipping})
    require_same([run], reference_run(clip=CLIPPED), ROUNDING)


def test_epochs_are_composers_too():
    assert train().epochs == 3


@pytest.mark.parametrize("counts_tokens", [False, True])
@pytest.mark.parametrize("ghost", [1, 8])  # of 8: the first updates are one rank's
def test_two_processes_share_every_update(ghost, counts_tokens):
    runs = run_ranks(2, train_in_ghost_batches, ghost, counts_tokens)
    require_same(runs, REFERENCE, ROUNDING)


@pytest.mark.parametrize(("before", "after"), [(1, 1), (2, 1), (1, 2)])
def test_a_run_that_was_killed_goes_on_by_composers_checkpoint(before, after, tmp_path):
    folder = str(tmp_path)
    assert run_ranks(before, train, 6, folder, 10, 12) == [Killed(9)] * before
    require_same(run_ranks(after, train, 4, folder), REFERENCE.since(10), ROUNDING)


def test_a_checkpoint_of_a_run_without_the_plan_is_refused(tmp_path):
    quiet = {"device": "cpu", "progress_bar": False}
    model = Model()
    plain = Trainer(
        model=model,
        optimizers=make_optimizer(model.net),
        train_dataloader=DataLoader(Samples(), batch_size=8),
        max_duration="5ba",
        **quiet,
    )
    plain.fit()
    path = plain.save_checkpoint(str(tmp_path / "plain.pt"))
    plain.close()
    trainer = trainer_of(load_path=path)
    with pytest.raises(InputError, match="after 5 steps, and the plan after 0 updates"):
        trainer.fit()


def trainer_of(loader=None, **arguments):
    model = Model()
    loader = loader or ComposerLoader(Samples(), PLAN)
    arguments = {
        "device_train_microbatch_size": 8,
        "device": "cpu",
        "progress_bar": False,
    } | arguments
    return loader.trainer(model=model, optimizers=make_optimizer(model.net), **arguments)


@pytest.mark.parametrize(
    "arguments", [{"max_duration": "2ep"}, {"train_subset_num_batches": 3}, {"schedulers": None}]
)
def test_what_the_plan_decides_is_refused(arguments):
    with pytest.raises(InputError, match=f"{next(iter(arguments))}: the plan decides"):
        trainer_of(**arguments)


def test_cutting_ghost_batches_apart_is_refused():
    loader = ComposerLoader(Samples(), PLAN, ghost_batch_size=16)
    with pytest.raises(InputError, match="would cut ghost batches of 16 apart"):
        trainer_of(loader)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("precision", Precision.AMP_FP16, "its scaler leaves updates out"),
        ("fsdp_config", object(), "has not been held against a plan"),
        ("auto_microbatching", True, "may have one more than others"),
    ],
)
def test_what_needs_other_hardware_is_refused_too(name, value, message):
    loader = ComposerLoader(Samples(), PLAN, rank=0, world_size=2)
    trainer = trainer_of(ComposerLoader(Samples(), PLAN))
    names = ("precision", "fsdp_config", "tp_config", "auto_microbatching")
    state = {each: getattr(trainer.state, each) for each in names}
    like = SimpleNamespace(
        state=SimpleNamespace(**state | {name: value, "device_train_microbatch_size": 8}),
        _ddp_sync_strategy=trainer._ddp_sync_strategy,
    )
    assert message in next(why for why, _ in loader._faults(like))


def test_sums_in_every_micro_batch_are_refused_on_several_processes():
    loader = ComposerLoader(Samples(), PLAN, rank=0, world_size=2)
    with pytest.raises(InputError, match="ranks would wait for each other"):
        trainer_of(loader, ddp_sync_strategy="multi_auto_sync")


def test_the_example_runs(capsys):
    runpy.run_path(str(ROOT / "examples/composer_trainer.py"))
    assert float(re.search(r"test accuracy (\d+)", capsys.readouterr().out)[1]) > 80

"""The loader of Accelerate, in Accelerate: its updates are those of the plan."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from accelerate.utils import ParallelismConfig

from bsgrow.errors import InputError
from bsgrow.integrations.accelerate import AccelerateLoader
from bsgrow.integrations.plain.loop_error import LoopError
from tests.hosts.accelerate.runs import accelerator_of, train
from tests.hosts.forked import preload, run_ranks
from tests.hosts.reference import (
    CLIPPED,
    PLAN,
    Samples,
    loss_of,
    make_model,
    make_optimizer,
    reference_run,
    require_same,
)
from tests.training.processes import Killed

ROOT = Path(__file__).parents[3]
preload("tests.hosts.accelerate.runs")
REFERENCE = reference_run()


@pytest.mark.parametrize("size", [6, 8, 40])
def test_updates_are_those_of_a_loop_over_whole_ones(size):
    require_same([train(size=size)], REFERENCE)


def test_a_loop_may_step_a_scheduler():
    require_same([train(has_scheduler=True)], REFERENCE)


def test_an_update_is_clipped_as_a_whole():
    require_same([train(clip=CLIPPED)], reference_run(clip=CLIPPED))


def test_two_processes_share_every_update():
    require_same(run_ranks(2, train), REFERENCE)


@pytest.mark.parametrize(("before", "after"), [(1, 1), (2, 1), (1, 2)])
def test_a_run_that_was_killed_goes_on_by_accelerates_state(before, after, tmp_path):
    folder = str(tmp_path)
    assert run_ranks(before, train, 6, folder, 10, 12) == [Killed(9)] * before
    require_same(run_ranks(after, train, 4, folder), REFERENCE.since(10))


def loader_of(accelerator, **arguments):
    return AccelerateLoader(accelerator, Samples(), PLAN, micro_batch_size=6, **arguments)


def test_accelerates_own_accumulate_is_refused_by_the_first_step():
    accelerator = accelerator_of()
    model, optimizer = accelerator.prepare(model := make_model(), make_optimizer(model))
    loader = loader_of(accelerator, optimizer=optimizer)
    data, cut = next(iter(loader))
    with accelerator.accumulate(model):
        accelerator.backward(loss_of(model, data) * cut.weight)
        with pytest.raises(LoopError, match="update 1 is not whole yet"):
            optimizer.step()


def test_a_number_of_accumulation_steps_is_refused():
    with pytest.raises(InputError, match="gradient_accumulation_steps=4"):
        loader_of(accelerator_of(gradient_accumulation_steps=4))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("scaler", object(), "leaves updates out"),
        ("distributed_type", SimpleNamespace(value="FSDP"), "distributed_type FSDP"),
        ("distributed_type", SimpleNamespace(value="DEEPSPEED"), "distributed_type DEEPSPEED"),
        ("parallelism_config", ParallelismConfig(cp_size=2), "one reader of the data"),
    ],
)
def test_what_needs_other_hardware_is_refused_too(name, value, message):
    accelerator = accelerator_of()
    names = ("gradient_accumulation_steps", "scaler", "distributed_type", "parallelism_config")
    like = SimpleNamespace(**{each: getattr(accelerator, each) for each in names} | {name: value})
    with pytest.raises(InputError, match=message):
        loader_of(like)


def test_the_example_runs(capsys):
    runpy.run_path(str(ROOT / "examples/accelerate_loop.py"))
    assert float(re.search(r"test accuracy (\d+)", capsys.readouterr().out)[1]) > 80


def test_what_the_accelerator_knows_cannot_be_given():
    with pytest.raises(TypeError, match="world_size"):
        loader_of(accelerator_of(), world_size=2)

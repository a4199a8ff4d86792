"""The loader of a DeepSpeed engine, with engines: its updates are those of the plan."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from bsgrow.errors import InputError
from bsgrow.integrations.deepspeed import DeepSpeedLoader
from bsgrow.integrations.plain.loop_error import LoopError
from tests.exports.case import free_port
from tests.hosts.deepspeed.runs import engine_of, train
from tests.hosts.forked import preload, run_ranks
from tests.hosts.reference import (
    CLIPPED,
    PLAN,
    Samples,
    flat,
    loss_of,
    make_model,
    make_optimizer,
    reference_run,
    require_same,
)
from tests.training.processes import Killed

ROOT = Path(__file__).parents[3]
preload("tests.hosts.deepspeed.runs")

REFERENCE = reference_run(torch.float32)
ROUNDING = 1e-6  # of float32


@pytest.mark.parametrize(("stage", "world_size"), [(0, 1), (2, 1), (0, 2), (1, 2), (2, 2)])
def test_updates_are_those_of_a_loop_over_whole_ones(stage, world_size):
    require_same(run_ranks(world_size, train, stage), REFERENCE, ROUNDING)


@pytest.mark.parametrize("stage", [0, 2])
def test_an_update_is_clipped_as_a_whole(stage):
    weights = reference_run(torch.float32, clip=CLIPPED).weights
    for run in run_ranks(2, train, stage, None, None, None, CLIPPED):  # clips after what it notes
        assert np.abs(run.weights - weights).max() < ROUNDING


@pytest.mark.parametrize("stage", [0, 2])
def test_a_run_that_was_killed_goes_on_by_deepspeeds_checkpoint(stage, tmp_path):
    folder = str(tmp_path)
    assert run_ranks(2, train, stage, folder, 10, 12) == [Killed(9)] * 2
    require_same(run_ranks(2, train, stage, folder), REFERENCE.since(10), ROUNDING)


def engine_alone(**config):
    model = make_model(torch.float32)
    return engine_of(model, make_optimizer(model), **config)


def loader_of(engine):
    return DeepSpeedLoader(engine, Samples(torch.float32), PLAN, micro_batch_size=6)


@pytest.fixture(autouse=True)
def _place(monkeypatch):
    place = {"RANK": 0, "LOCAL_RANK": 0, "WORLD_SIZE": 1, "MASTER_ADDR": "127.0.0.1"}
    for name, value in {**place, "MASTER_PORT": free_port()}.items():
        monkeypatch.setenv(name, str(value))


def test_a_second_step_is_refused_before_it_is_made():
    engine = engine_alone()  # with ZeRO its own optimizer fails, as the gradients are gone
    taking = iter(loader_of(engine))
    for _ in range(2):
        data, cut = next(taking)
        engine.backward(loss_of(engine, data) * cut.weight)
        engine.step()
    weights = flat(engine.module.parameters())
    with pytest.raises(LoopError, match="update 1 is made already"):
        engine.step()
    assert (flat(engine.module.parameters()) == weights).all()


def test_a_step_that_is_forgotten_is_told_of():
    taking = iter(loader_of(engine_alone()))
    next(taking), next(taking)
    with pytest.raises(LoopError, match="update 1 was handed out whole and is not made"):
        next(taking)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"gradient_accumulation_steps": 4}, "gradient_accumulation_steps = 4"),
        ({"managed_gradient_accumulation": False}, "managed_gradient_accumulation = false"),
        ({"zero_optimization": {"stage": 3}}, "stage = 3"),
        ({"scheduler": {"type": "WarmupLR", "params": {}}}, "lr_scheduler: two would set"),
    ],
)
def test_a_configuration_that_makes_other_updates_is_refused(config, message):
    with pytest.raises(InputError, match=message):
        loader_of(engine_alone(**config))


def test_clipping_that_nobody_asked_for_is_refused():
    engine = engine_alone()
    del engine._config._param_dict["gradient_clipping"]
    with pytest.raises(InputError, match="gradient_clipping: is not said"):
        loader_of(engine)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("pipeline_parallelism", True, "a pipeline cuts its batches itself"),
        ("fp16_enabled", lambda: True, "its loss scaler leaves updates out"),
        ("zenflow", True, "zenflow"),
        ("dp_world_size", 2, "one reader of the data"),
    ],
)
def test_what_needs_other_hardware_is_refused_too(name, value, message, monkeypatch):
    engine = engine_alone()
    monkeypatch.setattr(engine, name, value)
    with pytest.raises(InputError, match=message):
        loader_of(engine)


def test_the_example_runs(capsys):
    runpy.run_path(str(ROOT / "examples/deepspeed_loop.py"))
    assert float(re.search(r"test accuracy (\d+)", capsys.readouterr().out)[1]) > 80

"""NeMo: the exported Python, run as its sampler counts and as its schedulers are documented to."""

import math

import pytest

from bsgrow.errors import InputError
from bsgrow.schedule.export import Optimizer, Target, export_plan
from bsgrow.schedule.export.nemo import draft_nemo
from tests.schedule.export.systems import NEMO, run_nemo

TARGET = Target(sequence_length=128, micro_batch_size=4, world_size=2)


@pytest.mark.parametrize("kind", ["constant", "linear", "cosine", "hold"])
@pytest.mark.parametrize("warmup", [0, 19])
def test_runs_what_the_plan_says(make_plan, whole_updates, run_python, kind, warmup):
    def lr(sample, size):
        step = plan_steps.index(sample)
        if step < warmup:
            return 0.1 * (step + 1) / (warmup + 1)
        share = (step - warmup) / (105 - warmup)
        return {
            "constant": 0.1,
            "linear": 0.1 - 0.09 * share,
            "cosine": 0.01 + 0.09 * (1 + math.cos(math.pi * share)) / 2,
            "hold": 0.1 * min(1.0, (105 - step) / 30),
        }[kind]

    stretches = [(16, 60), (32, 45)]
    plan_steps = [row[0] for row in whole_updates(make_plan(stretches, 0.1))]
    plan = make_plan(stretches, lr)
    names = run_python(export_plan(plan, "nemo", TARGET), **NEMO)
    planned = whole_updates(plan)
    ran = list(run_nemo(names))
    assert [row[:2] for row in ran] == [row[:2] for row in planned]
    assert [row[2] for row in ran] == pytest.approx([row[2] for row in planned], rel=1e-6)


def test_refuses(make_plan):
    doubled = make_plan([(16, 60), (32, 30), (64, 15)], 0.1)
    with pytest.raises(InputError, match="64 from sample 1920 is not on the ramp"):
        export_plan(doubled, "nemo", TARGET)
    with pytest.raises(InputError, match="not on the ramp"):
        export_plan(make_plan([(32, 4), (16, 4)], 0.1), "nemo", TARGET)
    with pytest.raises(InputError, match="needs the micro-batch size"):
        export_plan(make_plan([(32, 4)], 0.1), "nemo", Target(sequence_length=128))
    nesterov = Target(128, 4, optimizer=Optimizer(nesterov=True))
    with pytest.raises(InputError, match="no Nesterov momentum"):
        export_plan(make_plan([(32, 4)], 0.1, momentum=0.9), "nemo", nesterov)


def test_a_ramp_of_several_changes_is_an_approximation(make_plan, run_python):
    plan = make_plan([(16, 60), (32, 30), (48, 60)], 0.1)
    with pytest.raises(InputError, match="leaves its first update out of its count"):
        export_plan(plan, "nemo", TARGET)
    text = export_plan(plan, "nemo", Target(128, 4, 2, approximate=True))
    ran = [row[:2] for row in run_nemo(run_python(text, **NEMO))]
    (said,) = [line for line in text.splitlines() if "of another size, first at sample" in line]
    sample, size = said.partition("first at sample ")[2].split(",")[0].split(": ")
    assert (int(sample), int(size)) in ran


def test_a_change_after_one_update_cannot_come_in_time(make_plan):
    with pytest.raises(InputError, match="first at sample 16: 16, the plan's 32"):
        export_plan(make_plan([(16, 1), (32, 40)], 0.1), "nemo", TARGET)


def test_without_change(make_plan, run_python):
    text = export_plan(make_plan([(32, 4)], 0.1), "nemo", TARGET)
    assert run_python(text, **NEMO)["data_sampler"].rampup_batch_size is None
    assert "NeMo 3.0.0 has no nemo.lightning.pytorch" in text
    assert "for NeMo (2.7.3)" in text


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_is_written_as_sgd(make_plan, run_python, momentum):
    plan = make_plan([(32, 4)], 0.1, momentum=momentum)
    config = run_python(export_plan(plan, "nemo", TARGET), **NEMO)["optimizer_config"]
    assert vars(config) == {
        "optimizer": "sgd",
        "lr": 0.1,
        "sgd_momentum": momentum,
        "weight_decay": 0.0,
        "clip_grad": 0.0,
    }


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_adam_keeps_its_penalty_in_the_gradient_and_adamw_apart(make_plan, run_python, name):
    adam = Target(128, 4, optimizer=Optimizer(name, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1))
    config = run_python(export_plan(make_plan([(32, 4)], 0.1), "nemo", adam), **NEMO)
    wanted = {"optimizer": "adam", "adam_beta1": 0.8, "adam_beta2": 0.95, "adam_eps": 1e-6}
    wanted |= {"weight_decay": 0.1, "decoupled_weight_decay": name == "adamw", "clip_grad": 0.0}
    assert wanted.items() <= vars(config["optimizer_config"]).items()


@pytest.mark.parametrize("steps", [1, 2, 4])
@pytest.mark.parametrize("samples", [480, 960])
def test_foretells_what_the_ramp_makes_of_several_changes(make_plan, run_python, steps, samples):
    sizes = [8 * step for step in range(1, steps + 2)]
    plan = make_plan([*((size, samples // size) for size in sizes[:-1]), (sizes[-1], 9)], 0.1)
    draft = draft_nemo(plan, Target(sequence_length=1, micro_batch_size=8))
    told = [size for run in draft.runs for size in [run.size] * run.num_updates]
    assert told == [size for _, size, _ in run_nemo(run_python(draft.write().text, **NEMO))]

"""Levanter: the YAML runs as its schedule and its optimizer are documented to."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.schedule.export import (
    Optimizer,
    Target,
    batch_schedule,
    export_plan,
    parse_levanter,
    read_levanter,
)
from tests.schedule.export.systems import levanter_values, run_levanter


@pytest.mark.parametrize("kind", ["constant", "linear", "cosine", "wsd"])
@pytest.mark.parametrize("warmup", [0, 20])
def test_runs_what_the_plan_says(make_plan, kind, warmup):
    def lr(sample, size):
        step = sample // 16 if sample < 1600 else 100 + (sample - 1600) // 64
        share = max(0.0, (step - warmup) / (200 - warmup))
        left = {
            "constant": 1.0,
            "linear": 1 - share,
            "cosine": (1 + math.cos(math.pi * share)) / 2,
            "wsd": min(1.0, (200 - step) / 50),
        }[kind]
        return 0.1 * step / warmup if step < warmup else 0.01 + 0.09 * left

    plan = make_plan([(16, 100), (64, 100)], lr)
    text = export_plan(plan, "levanter", Target(micro_batch_size=2, world_size=4))
    values = levanter_values(text)
    assert values["per_device_parallelism"] == "2"
    assert parse_levanter(text.split("num_train_steps")[0]) == [(0, 16), (1600, 64)]
    ran = [lr for _, _, lr in run_levanter(text)]
    assert ran == pytest.approx([update.lr for update in plan.updates()], rel=1e-6, abs=1e-12)


@given(st.lists(st.tuples(st.integers(1, 2**16), st.integers(1, 10**12)), min_size=1, max_size=6))
def test_round_trip(make_plan, drawn):
    plan = make_plan(drawn, 0.1)
    text = export_plan(plan, "levanter")
    assert parse_levanter(text) == batch_schedule(plan)


STEPS = [{"start": 0, "value": 64}, {"start": 100, "value": 128}, {"start": 300, "value": 32}]
OLDER = [{"until": 100, "value": 64}, {"until": 300, "value": 128}, {"until": -1, "value": 32}]


@pytest.mark.parametrize("steps", [STEPS, OLDER])
def test_reads_lists(steps):
    schedule = [(0, 64), (6400, 128), (32000, 32)]
    assert read_levanter(steps) == schedule
    assert parse_levanter(str(steps)) == schedule
    yaml = "".join(
        "- " + "\n  ".join(f"{k}: {v}" for k, v in step.items()) + "\n" for step in steps
    )
    assert parse_levanter(yaml) == schedule


def test_reads_one_number():
    assert parse_levanter("512") == [(0, 512)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a step is {start, value}"),
        ("[{start: 0}]", "a step is {start, value}"),
        ("[{start: 5, value: 8}]", "must start at 0"),
        ("[{start: 0, value: 8}, {start: -1, value: 16}]", "ascending order"),
        ("[{start: 0, value: 8}, {start: 0, value: 16}]", "ascending order"),
        ("[{start: 0, value: 0}]", "at least 1"),
        ("[{start: 0, value: 8}, {until: 9, value: 16}]", "each step is {start, value}"),
        ("9" * 5000, "at most 18 digits"),
        ("[{start: 0, value: 1" + "0" * 400 + "}]", "at most 18 digits"),
        ("[{start: -" + "9" * 5000 + ", value: 8}]", "at most 18 digits"),
        ("²", "a step is {start, value}"),
        ("\x1b[31m", r"\\x1b\[31m"),
    ],
)
def test_refuses(text, reason):
    with pytest.raises(InputError, match=reason):
        parse_levanter(text)


def test_refuses_what_it_cannot_express(make_plan):
    plan = make_plan([(8, 100)], lambda sample, size: 0.1 if sample >= 400 else 0.05)
    with pytest.raises(InputError, match="Levanter has no learning-rate curve"):
        export_plan(plan, "levanter")
    decayed = Target(optimizer=Optimizer("adam", weight_decay=0.1))
    with pytest.raises(InputError, match="decouples the weight decay of Adam"):
        export_plan(make_plan([(8, 2)], 0.1), "levanter", decayed)


def test_adamw_is_its_adam_with_the_decay_on_every_parameter(make_plan):
    target = Target(optimizer=Optimizer("adamw", weight_decay=0.1))
    values = levanter_values(export_plan(make_plan([(8, 2)], 0.1), "levanter", target))
    wanted = {"type": "adam", "weight_decay": "0.1", "default_weight_decay_mask": "false"}
    assert {key: values[key].strip('"') for key in wanted} == wanted


def test_a_warmup_of_one_update_is_no_share_of_the_run(make_plan):
    one = make_plan([(8, 100)], lambda sample, size: 0.1 if sample else 0.0)
    rates = [lr for _, _, lr in run_levanter(export_plan(one, "levanter"))]
    assert rates == [0.0, *[0.1] * 99]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_is_written_as_sgd_and_registered(make_plan, momentum):
    target = Target(optimizer=Optimizer(weight_decay=5e-4))
    text = export_plan(make_plan([(8, 2)], 0.1, momentum=momentum), "levanter", target)
    values = levanter_values(text)
    assert (values["type"], values["momentum"]) == ("sgd", str(momentum))
    assert values["weight_decay"] == "0.0005"
    code = text[text.index("# from dataclasses") :]
    compile("\n".join(line[2:] for line in code.splitlines()), "registered", "exec")


def test_adam_is_written_with_its_own_numbers(make_plan):
    adam = Optimizer("adam", betas=(0.8, 0.95), eps=1e-6)
    text = export_plan(make_plan([(8, 2)], 0.1), "levanter", Target(optimizer=adam))
    wanted = {"type": "adam", "beta1": "0.8", "beta2": "0.95", "epsilon": "1e-06"}
    wanted |= {"weight_decay": "0.0", "max_grad_norm": "null"}
    assert wanted.items() <= levanter_values(text).items()
    assert "register" not in text

"""Megatron-LM: the arguments run as its calculator and its scheduler are documented to."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.schedule.export import Optimizer, Target, batch_schedule, export_plan, parse_megatron
from tests.schedule.export.systems import megatron_options, run_megatron

TOKENS = 1024
TARGET = Target(sequence_length=TOKENS)


def rate(kind, total, warmup=0):
    def lr(sample, size):
        if sample < warmup:
            return 0.01 + 0.09 * sample / warmup
        share = (sample - warmup) / (total - warmup)
        return {
            "constant": 0.1,
            "linear": 0.1 - 0.09 * share,
            "cosine": 0.02 + 0.08 * (1 + math.cos(math.pi * share)) / 2,
            "wsd": 0.1 * min(1.0, (1 - share) / 0.25),
        }[kind]

    return lr


@pytest.mark.parametrize("warmup", [0, 480])
@pytest.mark.parametrize("kind", ["constant", "linear", "cosine", "wsd"])
def test_runs_what_the_plan_says(make_plan, whole_updates, kind, warmup):
    stretches = [(16, 100), (32, 40), (48, 30)]
    plan = make_plan(stretches, rate(kind, 4320, warmup))
    ran = list(run_megatron(export_plan(plan, "megatron", TARGET), TOKENS))
    planned = whole_updates(plan)
    assert [row[:2] for row in ran] == [row[:2] for row in planned]
    assert [row[2] for row in ran] == pytest.approx([row[2] for row in planned], rel=1e-6)


def test_cut_last_update_is_said_and_run_whole(make_plan, whole_updates):
    plan = make_plan([(16, 3), (32, 2)], 0.1, cut=5)
    text = export_plan(plan, "megatron", TARGET)
    said = "to 27 samples, at the lr 0.1; Megatron-LM runs it whole, 32 samples at the lr 0.1"
    assert said in text
    assert list(run_megatron(text, TOKENS)) == whole_updates(plan)


stretches = st.lists(
    st.tuples(st.integers(1, 2**16), st.integers(1, 10**8)), min_size=1, max_size=6
)


@given(stretches, st.integers(64, 2**17))
def test_round_trip(make_plan, drawn, tokens):
    plan = make_plan(sorted(drawn), 0.1)
    text = export_plan(plan, "megatron", Target(sequence_length=tokens))
    schedule = megatron_options(text)["--step-batch-size-schedule"]
    assert parse_megatron(schedule, tokens) == batch_schedule(plan)


def test_refuses_thresholds_that_floats_do_not_tell_apart(make_plan):
    plan = make_plan([(1, 2**60 + 1), (3, 5)], 0.1)
    with pytest.raises(InputError, match="past what its thresholds, read as floats, tell apart"):
        export_plan(plan, "megatron", Target(sequence_length=1))


@pytest.mark.parametrize(
    ("text", "tokens", "schedule"),
    [
        ("0:768 250B:1536", 1, [(0, 768), (250 * 10**9, 1536)]),
        ("0:768 250B:1536", 8192, [(0, 768), (250 * 10**9 // 8192, 1536)]),
        ("0:1k,1.5m:2K, 1t:4k", 1, [(0, 1000), (1_500_000, 2000), (10**12, 4000)]),
        (" 100:8  0:16 ", 1, [(0, 16), (100, 8)]),
        ("0:7.9 1e3:8", 1, [(0, 7), (1000, 8)]),
        ("1023:4", 1024, [(0, 4)]),
    ],
)
def test_reads_as_megatron_does(text, tokens, schedule):
    assert parse_megatron(text, tokens) == schedule


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the first threshold must be 0"),
        ("10:8", "the first threshold must be 0"),
        ("0:8 5", "an entry is THRESHOLD:BATCH_SIZE"),
        ("0:8 5:x", "not a number"),
        ("0:8 5G:16", "not a number"),
        ("0:8 inf:16", "not a number"),
        ("0:0", "at least 1"),
        ("-5:8 0:8", "at least 0"),
        ("0:1e19", "below 9223372036854775808"),
        ("0:8 1e290T:16", "below 9223372036854775808"),
        ("0:" + "9" * 5000, "not a number"),
        ("0:\x1b[31m", r"\\x1b\[31m"),
        ("0:8 5:16 5:32", "two thresholds fall on the same sample"),
    ],
)
def test_refuses_as_megatron_does(text, reason):
    with pytest.raises(InputError, match=reason):
        parse_megatron(text, 1)


def test_refuses_what_it_cannot_express(make_plan):
    sawtooth = make_plan([(16, 100), (32, 100)], lambda sample, size: size / (200 + sample))
    for approximate in (False, True):
        with pytest.raises(InputError, match=r"no learning-rate curve .* off by up to"):
            export_plan(sawtooth, "megatron", Target(TOKENS, approximate=approximate))
    near = make_plan([(16, 100)], lambda sample, size: 0.1 if sample % 32 else 0.11)
    written = export_plan(near, "megatron", Target(TOKENS, approximate=True))
    assert "# Megatron-LM has no learning-rate curve" in written
    assert "off by up to 0.1 of it, at sample 16: 0.11, the plan's 0.1" in written
    plan = make_plan([(16, 2), (40, 2)], 0.1)
    with pytest.raises(InputError, match="the sequence length of a sample is not given"):
        export_plan(plan, "megatron")
    uneven = Target(sequence_length=TOKENS, micro_batch_size=2, world_size=8)
    with pytest.raises(InputError, match=r"40 .* is not a multiple of 16") as error:
        export_plan(plan, "megatron", uneven)
    assert error.value.hint == "pass growth.multiple_of=16, or micro_batch_size=1"
    raised = make_plan([(16, 2), (40, 2)], 0.1, momentum=[0.9, 0.98])
    with pytest.raises(InputError, match=r"from 0\.9 to 0\.98 at sample 32"):
        export_plan(raised, "megatron", TARGET)


def test_a_falling_batch_is_refused(make_plan):
    plan = make_plan([(16, 2), (32, 2), (16, 3)], 0.1)
    with pytest.raises(InputError, match="fall from 32 to 16 at sample 96") as error:
        export_plan(plan, "megatron", TARGET)
    assert "take deepspeed" in error.value.hint


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_is_written_as_sgd(make_plan, momentum):
    plan = make_plan([(8, 3)], 0.1, momentum=momentum)
    target = Target(TOKENS, optimizer=Optimizer(weight_decay=5e-4))
    text = export_plan(plan, "megatron", target)
    options = megatron_options(text)
    assert (options["--optimizer"], options["--sgd-momentum"]) == ("sgd", str(momentum))
    assert (options["--weight-decay"], options["--clip-grad"]) == ("0.0005", "0.0")
    assert "exempts biases" in text


def test_adam_is_written_with_its_own_numbers(make_plan):
    plan = make_plan([(8, 3)], 0.1)
    adam = Optimizer("adam", betas=(0.8, 0.95), eps=1e-6)
    options = megatron_options(export_plan(plan, "megatron", Target(TOKENS, optimizer=adam)))
    wanted = {"--optimizer": "adam", "--adam-beta1": "0.8", "--adam-beta2": "0.95"}
    wanted |= {"--adam-eps": "1e-06", "--weight-decay": "0.0", "--clip-grad": "0.0"}
    assert wanted.items() <= options.items()
    decayed = Target(TOKENS, optimizer=Optimizer("adam", weight_decay=0.1))
    with pytest.raises(InputError, match="decouples the weight decay of Adam"):
        export_plan(plan, "megatron", decayed)
    apart = Target(TOKENS, optimizer=Optimizer("adamw", weight_decay=0.1))
    wanted = {"--optimizer": "adam", "--weight-decay": "0.1"}
    assert wanted.items() <= megatron_options(export_plan(plan, "megatron", apart)).items()


def test_nesterov_is_refused(make_plan):
    plan = make_plan([(8, 3)], 0.1, momentum=0.9)
    with pytest.raises(InputError, match="no Nesterov momentum") as error:
        export_plan(plan, "megatron", Target(TOKENS, optimizer=Optimizer(nesterov=True)))
    assert (
        error.value.hint == "take deepspeed, which takes any optimizer; or optimizer.nesterov=false"
    )

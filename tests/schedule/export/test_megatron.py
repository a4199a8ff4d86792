"""Megatron-LM: the arguments run as its calculator and its scheduler are documented to."""

import math
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.schedule.export import Target, batch_schedule, export_plan, parse_megatron

TOKENS = 1024
TARGET = Target(sequence_length=TOKENS)


def arguments(text):
    """The options of the shell array, by name."""
    body = "".join(line + "\n" for line in text.splitlines() if not line.startswith("#"))
    words = shlex.split(body.removeprefix("SCHEDULE_ARGS=(").rstrip().removesuffix(")"))
    return dict(zip(words[::2], words[1::2], strict=True))


def run(options):
    """The updates as the training script runs them: (start, batch size, lr)."""
    schedule = parse_megatron(options["--step-batch-size-schedule"], TOKENS)
    sample, total = 0, int(options["--train-samples"])
    while sample < total:
        size = [size for start, size in schedule if start <= sample][-1]
        yield sample, size, lr_at(sample, options)
        sample += size


def lr_at(sample, options):
    peak, style = float(options["--lr"]), options["--lr-decay-style"]
    warmup = int(options.get("--lr-warmup-samples", 0))
    if warmup and sample <= warmup:
        first = float(options["--lr-warmup-init"])
        return first + (peak - first) * sample / warmup
    if style == "constant":
        return peak
    end, low = int(options["--lr-decay-samples"]), float(options["--min-lr"])
    if style == "WSD":
        start = end - int(options["--lr-wsd-decay-samples"])
        style = options["--lr-wsd-decay-style"]
    else:
        start = warmup
    share = max(0.0, (sample - start) / (end - start))
    left = 1 - share if style == "linear" else (1 + math.cos(math.pi * share)) / 2
    return low + left * (peak - low)


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
    stretches = [(16, 100), (48, 30), (32, 40)]
    plan = make_plan(stretches, rate(kind, 4320, warmup))
    ran = list(run(arguments(export_plan(plan, "megatron", TARGET))))
    planned = whole_updates(plan)
    assert [row[:2] for row in ran] == [row[:2] for row in planned]
    assert [row[2] for row in ran] == pytest.approx([row[2] for row in planned], rel=1e-6)


def test_cut_last_update_is_said_and_run_whole(make_plan, whole_updates):
    plan = make_plan([(16, 3), (32, 2)], 0.1, cut=5)
    text = export_plan(plan, "megatron", TARGET)
    assert "cuts its last update to 27 samples; Megatron-LM runs it whole, 32" in text
    assert list(run(arguments(text))) == whole_updates(plan)


stretches = st.lists(
    st.tuples(st.integers(1, 2**16), st.integers(1, 10**8)), min_size=1, max_size=6
)


@given(stretches, st.integers(64, 2**17))
def test_round_trip(make_plan, drawn, tokens):
    plan = make_plan(drawn, 0.1)
    text = export_plan(plan, "megatron", Target(sequence_length=tokens))
    schedule = arguments(text)["--step-batch-size-schedule"]
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
        ("0:8 5:16 5:32", "two thresholds fall on the same sample"),
    ],
)
def test_refuses_as_megatron_does(text, reason):
    with pytest.raises(InputError, match=reason):
        parse_megatron(text, 1)


def test_refuses_what_it_cannot_express(make_plan):
    sawtooth = make_plan([(16, 100), (32, 100)], lambda sample, size: size / (200 + sample))
    with pytest.raises(InputError, match=r"no learning-rate curve .* off by up to"):
        export_plan(sawtooth, "megatron", TARGET)
    written = export_plan(sawtooth, "megatron", Target(sequence_length=TOKENS, approximate=True))
    assert "# Megatron-LM has no learning-rate curve" in written
    plan = make_plan([(16, 2), (40, 2)], 0.1)
    with pytest.raises(InputError, match="the sequence length of a sample is not given"):
        export_plan(plan, "megatron")
    uneven = Target(sequence_length=TOKENS, micro_batch_size=2, world_size=8)
    with pytest.raises(InputError, match=r"40 .* is not a multiple of 16") as error:
        export_plan(plan, "megatron", uneven)
    assert error.value.hint == "plan with growth.multiple_of = 16"
    raised = make_plan([(16, 2), (40, 2)], 0.1, momentum=[0.9, 0.98])
    with pytest.raises(InputError, match=r"from 0\.9 to 0\.98 at sample 32"):
        export_plan(raised, "megatron", TARGET)


def test_sgd_momentum(make_plan):
    options = arguments(export_plan(make_plan([(8, 3)], 0.1, momentum=0.9), "megatron", TARGET))
    assert (options["--optimizer"], options["--sgd-momentum"]) == ("sgd", "0.9")

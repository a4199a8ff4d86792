"""What all formats share: goldens, refusals, tables of the learning rate, and noise scales."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.schedule import Growth, Reference, compile_plan
from bsgrow.schedule.export import (
    FORMATS,
    Target,
    batch_schedule,
    export_plan,
    never_used,
    noise_stretches,
    read_schedule,
)
from bsgrow.schedule.export.lr_table import lr_on, lr_pieces

GOLDEN = Path(__file__).parent / "golden"
DOUBLED = [(32, 64), (64, 32), (128, 48)]


def warmed_up(sample, size):
    return 0.025 + 0.075 * min(1.0, sample / 512)


SHOWN = {  # what each can express
    "megatron": (DOUBLED, warmed_up),
    "olmo-core": (DOUBLED, warmed_up),
    "deepspeed": (DOUBLED, warmed_up),
    "levanter": (DOUBLED, lambda sample, size: 0.1 * min(1.0, sample / 512)),
    "nemo": ([(32, 64), (64, 128)], 0.1),
    "lightning": (DOUBLED, lambda sample, size: 0.1 if sample < 6144 else 0.05),
}


@pytest.mark.parametrize("name", FORMATS)
def test_golden(make_plan, name):
    stretches, rate = SHOWN[name]
    plan = make_plan(stretches, rate, num_samples=2048)
    target = Target(sequence_length=4096, micro_batch_size=4, world_size=8)
    assert export_plan(plan, name, target) == (GOLDEN / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", ["megatron", "levanter"])
def test_compiled_plan_round_trips(name):
    curve = {"name": "MultiStepLR", "milestones": [60, 120, 160], "gamma": 0.2}
    reference = Reference(epochs=200, lr=0.1, global_batch_size=128, curve=curve)
    plan = compile_plan(reference, Growth(), 50_000)
    target = Target(sequence_length=512)
    text = export_plan(plan, name, target)
    if name == "megatron":
        text = text.split('"')[1]
    expected = [(phase.start_sample, phase.global_batch_size) for phase in plan.phases]
    assert read_schedule(text, name, target) == batch_schedule(plan) == expected
    assert [size for _, size in expected] == [128, 640, 3200, 16000]


def test_unknown_names(make_plan):
    with pytest.raises(InputError, match='format = "megatrom"') as error:
        export_plan(make_plan([(8, 2)], 0.1), "megatrom")
    assert error.value.hint == 'did you mean "megatron"?'
    with pytest.raises(InputError, match='format = "nemo": unknown'):
        read_schedule("0:8", "nemo")


def test_thresholds_in_tokens_need_the_length_of_a_sample():
    with pytest.raises(InputError, match="Megatron-LM counts in tokens") as error:
        read_schedule("0:768 250B:1536", "megatron")
    assert error.value.hint.endswith("one sample; 1 if the thresholds are samples")
    assert read_schedule("0:8", "megatron", Target(sequence_length=1)) == [(0, 8)]


@pytest.mark.parametrize(
    ("key", "value"), [("sequence_length", 0), ("world_size", -1), ("lr_tolerance", 0.0)]
)
def test_target_is_checked(key, value):
    with pytest.raises(InputError, match=key):
        Target(**{key: value})


@given(
    st.lists(st.tuples(st.integers(1, 500), st.integers(1, 400)), min_size=1, max_size=5),
    st.sampled_from([1e-2, 1e-3, 1e-5]),
    st.integers(0, 499),
)
def test_pieces_follow_every_update(make_plan, stretches, tolerance, cut):
    total = sum(size * count for size, count in stretches)

    def lr(sample, size):
        return size * (0.1 + math.cos(math.pi * sample / total) ** 2)

    plan = make_plan(stretches, lr, cut=cut % stretches[-1][0])
    pieces = lr_pieces(plan, tolerance)
    indices = [i for piece in pieces for i in range(piece.first.index, piece.last.index + 1)]
    assert indices == list(range(plan.num_updates))
    for piece in pieces:
        allowed = 1.2 * tolerance * max(piece.first.lr, piece.last.lr)  # probed, not exhausted
        for index in range(piece.first.index, min(piece.last.index + 1, plan.num_updates - 1)):
            assert lr_on(piece, index) == pytest.approx(plan.update(index).lr, abs=allowed)


def test_stairs_do_not_pass_for_a_slope(make_plan):
    plan = make_plan([(1, 6400)], lambda sample, size: 1.0 - sample // 80 / 80)
    for piece in lr_pieces(plan, 1e-4):
        for index in range(piece.first.index, piece.last.index + 1):
            assert lr_on(piece, index) == pytest.approx(plan.update(index).lr, rel=1e-4)
    with pytest.raises(InputError, match="no learning-rate curve"):
        export_plan(plan, "levanter")


def test_too_uneven_to_tabulate(make_plan):
    plan = make_plan([(1, 100_000)], lambda sample, size: 0.1 + sample * 7919 % 101 / 101)
    with pytest.raises(InputError, match="over 10000 straight pieces"):
        lr_pieces(plan, 1e-4)


def test_noise_of_a_megatron_schedule():
    schedule = read_schedule("0:768 100K:1536", "megatron", Target(sequence_length=8))
    rows = noise_stretches(
        schedule, lambda sample: 1e-3, num_total_samples=25_000, num_samples=25_000, momentum=0.9
    )
    # 12 500 samples are 16.3 updates of 768: the change waits for the 17th to end.
    assert [(r.start_sample, r.global_batch_size, r.num_updates) for r in rows] == [
        (0, 768, 17),
        (13_056, 1536, 8),
    ]
    assert rows[-1].stop_sample == 25_344
    assert rows[0].sgd_noise_scale == pytest.approx([1e-2 * (25_000 / 768 - 1)] * 2)
    assert rows[1].sgd_noise_scale == pytest.approx([1e-2 * (25_000 / 1536 - 1)] * 2)


def test_noise_follows_the_curve_and_skips_what_never_runs():
    rows = noise_stretches(
        [(0, 10), (100, 50), (101, 20), (999, 40)],
        lambda sample: 1.0 - sample / 1000,
        num_total_samples=200,
        num_samples=1000,
    )
    assert [(r.start_sample, r.stop_sample) for r in rows] == [(0, 100), (100, 150), (150, 210)]
    assert rows[0].lr == pytest.approx((1.0, 0.91))
    assert rows[2].sgd_noise_scale == pytest.approx((0.85 * 49, 0.81 * 49))


def test_what_never_runs_is_said():
    schedule = [(0, 10), (101, 50), (105, 7), (111, 20), (170, 1), (175, 30), (190, 40), (999, 5)]
    assert never_used(schedule, 190) == [
        "50 from sample 101 never takes effect: the next update starts at sample 110, with another "
        "size",
        "1 from sample 170 never takes effect: the next update starts at sample 177, with another "
        "size",
        "40 from sample 190 never takes effect: the run ends at sample 190",
        "5 from sample 999 never takes effect: the run ends at sample 190",
    ]


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(1, 50)), min_size=1, max_size=6))
def test_noise_of_an_exported_plan_is_the_plans(make_plan, stretches):
    plan = make_plan(stretches, lambda sample, size: size * 1e-3)
    starts = {update.start: update for update in plan.updates()}
    rows = noise_stretches(
        batch_schedule(plan),
        lambda sample: starts[sample].lr,
        num_total_samples=plan.num_total_samples,
        num_samples=1000,
    )
    assert sum(row.num_updates for row in rows) == plan.num_updates
    for row in rows:
        size = row.global_batch_size
        assert row.sgd_noise_scale[0] == pytest.approx(size * 1e-3 * (1000 / size - 1))


@pytest.mark.parametrize(
    ("key", "value"), [("num_total_samples", 0), ("num_samples", 0), ("momentum", 1.0)]
)
def test_noise_refuses(key, value):
    run = {"num_total_samples": 10, "num_samples": 10, "momentum": 0.0, key: value}
    with pytest.raises(InputError, match=key):
        noise_stretches([(0, 2)], lambda sample: 0.1, **run)


def test_a_noise_scale_beyond_any_number_is_refused():
    with pytest.raises(InputError, match=r"lr = 1e\+307 at a batch of 1: no number is its noise"):
        noise_stretches(
            [(0, 1)], lambda sample: 1e307, num_total_samples=100, num_samples=100, momentum=0.9
        )

"""Lightning: the exported Python, run as its callback and its epochs are documented to."""

import pytest

from bsgrow.errors import InputError
from bsgrow.schedule.export import Target, export_plan
from tests.schedule.export.systems import LIGHTNING, run_lightning

TARGET = Target(sequence_length=128, micro_batch_size=4, world_size=2)
NEAR = Target(sequence_length=128, micro_batch_size=4, world_size=2, approximate=True)


def test_runs_what_the_plan_says(make_plan, whole_updates, run_python):
    def lr(sample, size):
        return 0.1 if sample < 960 else 0.05

    plan = make_plan([(16, 40), (32, 20), (64, 5)], lr, num_samples=320)
    names = run_python(export_plan(plan, "lightning", TARGET), **LIGHTNING)
    assert list(run_lightning(names, 2, 320)) == whole_updates(plan)


def test_an_epoch_that_ends_with_a_smaller_update_is_an_approximation(make_plan, run_python):
    """A change that waited for the update across the end of an epoch is one at that end."""
    plan = make_plan([(16, 13), (32, 6)], 0.1, num_samples=200)
    with pytest.raises(InputError, match="with a smaller update, where 16 does not divide 200"):
        export_plan(plan, "lightning", TARGET)
    text = export_plan(plan, "lightning", NEAR)
    assert "of another size, first at sample 192: 8, the plan's 16, farthest" in text
    names = run_python(text, **LIGHTNING)
    assert names["accumulation"] == {0: 2, 1: 4}
    assert (192, 8, 0.1) in list(run_lightning(names, 2, 200))


@pytest.mark.parametrize(
    ("num_samples", "size", "over"), [(100, 32, None), (60, 32, "0.25"), (96, 32, "")]
)
def test_what_is_left_of_an_epoch_counts(make_plan, num_samples, size, over):
    """Four of 100 samples are near, 28 of 60 are far, none of 96 is exact."""
    plan = make_plan([(size, 6 * num_samples // size)], 0.1, num_samples=num_samples)
    if over is None:
        assert "of another size" in export_plan(plan, "lightning", NEAR)
    elif over:
        with pytest.raises(InputError, match=f"an approximation is off by {over} at most"):
            export_plan(plan, "lightning", NEAR)
    else:
        assert "of another size" not in export_plan(plan, "lightning", TARGET)


def test_refuses(make_plan):
    inside = make_plan([(16, 6), (32, 1)], 0.1, num_samples=64)
    with pytest.raises(InputError, match=r"changes it to 32 at epoch 1\.5"):
        export_plan(inside, "lightning", TARGET)
    part = make_plan([(16, 6)], 0.1, num_samples=64)
    with pytest.raises(InputError, match=r"whole epochs; the plan ends at epoch 1\.5") as error:
        export_plan(part, "lightning", NEAR)
    assert "runs 32 samples more than the plan" in error.value.message
    moving = make_plan([(16, 8)], lambda sample, size: 0.1 - sample / 2000, num_samples=64)
    with pytest.raises(InputError, match="holds the learning rate for an epoch") as error:
        export_plan(moving, "lightning", TARGET)
    assert error.value.hint.startswith("take deepspeed, which follows this plan")
    long = make_plan([(16, 200_000)], 0.1, num_samples=16)
    with pytest.raises(InputError, match="200000 epochs"):
        export_plan(long, "lightning", TARGET)


def test_holds_a_rate_of_zero(make_plan, run_python):
    def lr(sample, size):
        return [0.1, 0.05, 0.0, 0.0][sample // 64]

    plan = make_plan([(16, 16)], lr, num_samples=64)
    names = run_python(export_plan(plan, "lightning", TARGET), **LIGHTNING)
    assert names["LRS"] == [(0, 0.1), (1, 0.05), (2, 0.0)]
    factor = names["lr_scheduler"](None)
    assert [factor(epoch) for epoch in range(4)] == [1.0, 0.5, 0.0, 0.0]


def test_sees_a_rate_that_comes_back_within_an_epoch(make_plan):
    def lr(sample, size):
        return 0.05 if sample % 128 in (32, 64) else 0.1

    with pytest.raises(InputError, match=r"off by up to 1 of it, at sample 32: 0\.1, .* 0\.05"):
        export_plan(make_plan([(16, 7)], lr, num_samples=112), "lightning", TARGET)

"""The differences between the updates of a run and of a plan."""

import pytest

from tests.exports.compare import compare

PLAN = [(0, 16, 0.1), (16, 16, 0.1), (32, 32, 0.05)]


def test_the_plan_itself_is_followed():
    result = compare(PLAN, PLAN, is_cut=False)
    assert result.is_followed
    assert (result.num_compared, result.batch_size, result.lr) == (3, 0, 0.0)


@pytest.mark.parametrize(
    ("run", "differences"),
    [
        ([*PLAN[:2], (32, 16, 0.05)], (16, 0.0, 0)),
        ([*PLAN[:2], (30, 32, 0.05)], (0, 0.0, 2)),
        ([PLAN[0], (16, 16, 0.09), PLAN[2]], (0, pytest.approx(0.1), 0)),
        (PLAN[:2], (0, 0.0, 0)),
        ([*PLAN, (64, 32, 0.05)], (0, 0.0, 0)),
    ],
    ids=["batch", "samples", "lr", "an update less", "an update more"],
)
def test_what_differs_is_not_followed(run, differences):
    result = compare(run, PLAN, is_cut=False)
    assert (result.batch_size, result.lr, result.consumed_samples) == differences
    assert not result.is_followed


def test_a_cut_last_update_is_counted_and_not_compared():
    cut = [*PLAN[:2], (32, 5, 0.01)]
    assert compare(PLAN, cut, is_cut=True).is_followed
    assert compare(PLAN, cut, is_cut=True).num_compared == 2
    assert not compare(PLAN[:2], cut, is_cut=True).is_followed

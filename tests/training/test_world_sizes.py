"""The same run on any number of processes, joined by Gloo, in micro-batches of any size."""

from functools import cache
from itertools import chain

import numpy as np
import pytest

from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.stream import Share
from tests.training.processes import run_ranks
from tests.training.rank_runs import gradients, trained

WORLD_SIZES = (2, 3, 4, 5, 8)
MICRO_BATCHES = (4, 24)
GHOST = 4
# 16, 32 and 44 samples an update, in 4, 8 and 11 ghost batches; the last one is cut.
SETTINGS = [
    "schedule.epochs=1",
    "schedule.global_batch_size=16",
    "schedule.curve={name='MultiStepLR', milestones=[0.4, 0.7], gamma=0.5}",
    "growth.max_batch_size=44",
    "optimizer={name='sgd', momentum=0.9, weight_decay=1e-3}",
    f"run.ghost_batch_size={GHOST}",
    "run.device=cpu",
]
PLAN = plan_recipe(load_recipe("digits", SETTINGS))
LAST = PLAN.num_updates - 1


@cache
def runs(world_size):
    """What each rank has of the run, for each size of micro-batch."""
    results = run_ranks(world_size, trained, SETTINGS, MICRO_BATCHES)
    return [list(of_ranks) for of_ranks in zip(*results, strict=True)]


def reference():
    return runs(1)[0][0]


def test_what_is_compared_has_every_kind_of_share():
    sizes = {update.global_batch_size for update in PLAN.updates()}
    shares = [
        [Share(rank, world_size, GHOST).run(0, size) for rank in range(world_size)]
        for world_size in WORLD_SIZES
        for size in sizes
    ]
    lengths = [{stop - start for start, stop in each} for each in shares]
    assert any(0 in each for each in lengths), "none"
    assert any(len(each) > 1 and 0 not in each for each in lengths), "uneven"
    assert PLAN.update(LAST).global_batch_size % GHOST, "a cut last one"
    assert PLAN.num_updates >= 50


@pytest.mark.parametrize("world_size", WORLD_SIZES)
def test_every_update_has_the_same_samples_and_each_once(world_size):
    """As they are seen: position, crop, flip and label; the ranks one behind the other."""
    for of_ranks in runs(world_size):
        for index, expected in reference()["seen"].items():
            assert [*chain(*(each["seen"][index] for each in of_ranks))] == expected
            update = PLAN.update(index)
            assert [position for position, _ in expected] == [*range(update.start, update.stop)]


@pytest.mark.parametrize("world_size", WORLD_SIZES)
def test_the_losses_and_what_is_learnt_agree(world_size):
    """In float32, over 60 updates, of a network with SiLU for ReLU: they differ by some 5e-6.

    With ReLU the gradient jumps by up to 3 % where one of an update's 100 000 units has an input
    within rounding of 0, 1e-6, which takes some 10 updates to happen; from then on two runs of any
    system drift apart, whatever sums were made in another order.
    """
    for of_ranks in runs(world_size):
        first = of_ranks[0]
        for each in of_ranks:
            assert each["sha256"] == first["sha256"]
            assert (each["losses"], each["test"]) == (first["losses"], first["test"])
        np.testing.assert_allclose(first["losses"], reference()["losses"], rtol=1e-4)
        np.testing.assert_allclose(first["test"], reference()["test"], rtol=1e-4)
        for name, values in reference()["weights"].items():
            np.testing.assert_allclose(first["weights"][name], values, rtol=1e-3, atol=1e-4)


def test_two_runs_at_one_world_size_are_the_same_to_the_bit():
    again = run_ranks(3, trained, SETTINGS, MICRO_BATCHES[:1])
    for (ours,), theirs in zip(again, runs(3)[0], strict=True):
        assert (ours["sha256"], ours["losses"]) == (theirs["sha256"], theirs["losses"])
        assert ours["test"] == theirs["test"]


INDICES = (0, PLAN.phases[1].first_index, PLAN.phases[2].first_index, LAST)


@cache
def whole_gradients():
    """Those of one process that has each update as one micro-batch."""
    ((found,),) = run_ranks(1, gradients, SETTINGS, (48,), INDICES)
    return found


@pytest.mark.parametrize("world_size", [1, *WORLD_SIZES])
def test_the_gradient_does_not_depend_on_its_split(world_size):
    """To rounding, in float64, of u = 2^-53: by at most 2 K u of the largest entry of its tensor.

    Two orders of a sum of K terms differ by at most 2 K u of the sum of their sizes (Higham 2002,
    "Accuracy and Stability of Numerical Algorithms", section 4.2). A weight's gradient has K = 44
    samples times 64 pixels; a factor of 10 is for terms that cancel, and for what the layers
    between pass on.
    """
    bound = 10 * 2 * 44 * 64 * 2.0**-53
    for rank in run_ranks(world_size, gradients, SETTINGS, MICRO_BATCHES, INDICES):
        for of_size in rank:
            for ours, whole in zip(of_size, whole_gradients(), strict=True):
                for got, expected in zip(ours, whole, strict=True):
                    limit = bound * np.abs(expected).max()
                    np.testing.assert_allclose(got, expected, rtol=0, atol=limit)

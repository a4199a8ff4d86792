"""What processes cost each other, from stretches of each."""

import math
import random
from itertools import combinations
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.bench.interference import dispersion, interference, mean_difference
from bsgrow.bench.whole_updates import Stretch
from bsgrow.reporting.throughput import Throughput

ALONE = Throughput("bsgrow", (100, 200), (1000.0, 1000.0), {})


def stretch(samples, *seconds):
    """Updates of so many samples."""
    return Stretch(samples * len(seconds), sum(seconds), seconds, 0.0, 0.0)


@given(values=st.lists(st.floats(0, 1e3), min_size=2, max_size=20))
def test_the_mean_difference_is_that_of_all_pairs(values):
    pairs = fmean(abs(a - b) for a, b in combinations(values, 2))
    assert mean_difference(values) == pytest.approx(pairs, abs=1e-9)


def test_of_normal_times_it_is_their_variance_by_their_mean():
    drawn = random.Random(0)
    rounds = [stretch(1, *(drawn.gauss(2.0, 0.1) for _ in range(500))) for _ in range(4)]
    assert dispersion(rounds) == pytest.approx(0.1**2 / 2.0, rel=0.1)


def test_what_two_wait_follows_whatever_the_distribution():
    """A stall of a second once in a hundred updates, on either: the other one waits it out."""
    seconds = [1.0] * 99 + [2.0]
    wait = math.sqrt(dispersion([stretch(1, *seconds)]) * fmean(seconds)) / math.sqrt(math.pi)
    assert wait == pytest.approx(0.01, rel=0.02)
    assert pstdev(seconds) / math.sqrt(math.pi) > 5 * wait, "which squares would not give"


def test_it_is_within_a_round_of_one_process():
    """Whole rounds that differ, as one process from another, are no chance within them."""
    assert dispersion([stretch(1, 1.0, 1.0), stretch(1, 3.0, 3.0)]) == 0
    assert dispersion([stretch(1, 1.0), stretch(0, 1.0, 5.0)]) is None, "one update, or no sample"


def test_the_median_of_what_is_known():
    together = {
        200: [stretch(100, 0.12, 0.12), stretch(100, 0.15, 0.15)],  # at 100 ms alone
        400: [stretch(200, 0.26, 0.26), stretch(200, 0.26)],
    }
    assert interference(ALONE, together) == {
        "slowdown": pytest.approx(1.3),
        "dispersion_seconds": 0.0,
    }
    assert interference(ALONE, {200: [stretch(100, 0.09)]}) == {"slowdown": 1.0}
    assert interference(ALONE, {2: [stretch(1, 0.1)], 3: [stretch(0, 0.1)]}) == {}

"""Two one-sided tests of equivalence, against a published example and against scipy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from bsgrow.reporting.difference import welch
from bsgrow.reporting.equivalence import ALPHA, INTERVAL, equivalence, seeds_enough, tost

ACCURACIES = st.lists(st.integers(800, 999).map(lambda k: k / 1000), min_size=2, max_size=12)
MARGINS = st.sampled_from([0.001, 0.005, 0.02, 0.1])


def test_a_published_example():
    """Moery and Calin-Jageman 2016 in Lakens 2017: t = 2.69, p = 0.004."""
    found = welch(5.25 - 5.22, (0.95, 0.83), (95, 89))
    assert tost(found, 0.384) == pytest.approx(0.004, abs=5e-4)
    assert (0.384 - found.mean) / found.error == pytest.approx(2.69, abs=1e-2)


def by_scipy(values, baseline, margin):
    shifted = (np.array(values) + margin, "greater"), (np.array(values) - margin, "less")
    return max(
        ttest_ind(moved, baseline, equal_var=False, alternative=side).pvalue
        for moved, side in shifted
    )


@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")  # where one has no spread
@settings(max_examples=25)
@given(ACCURACIES, ACCURACIES, MARGINS)
def test_p_and_interval_are_those_of_scipy(values, baseline, margin):
    found = equivalence(values, baseline, margin)
    if found.freedom is None:
        return
    test = ttest_ind(values, baseline, equal_var=False)
    assert found.freedom == pytest.approx(test.df, rel=1e-6)
    assert found.p_difference == pytest.approx(test.pvalue, rel=1e-6, abs=1e-12)
    expected = tuple(test.confidence_interval(INTERVAL))
    assert found.interval == pytest.approx(expected, rel=1e-6, abs=1e-9)
    p = by_scipy(values, baseline, margin)
    assert found.p_equivalence == pytest.approx(p, rel=1e-6, abs=1e-12)


@given(ACCURACIES, ACCURACIES, MARGINS)
def test_it_is_equivalent_where_the_interval_lies_within_the_margin(values, baseline, margin):
    found = equivalence(values, baseline, margin)
    low, high = found.interval
    assert found.verdict.startswith("equivalent") == (-margin < low and high < margin)
    assert (found.seeds_enough is None) or found.verdict == "not enough seeds"


@pytest.mark.parametrize(
    ("values", "baseline", "margin", "verdict"),
    [
        ([0.900, 0.901, 0.902], [0.901, 0.900, 0.902], 0.01, "equivalent"),
        ([0.900, 0.901, 0.902], [0.904, 0.905, 0.906], 0.02, "equivalent, not equal"),
        ([0.900, 0.901, 0.902], [0.904, 0.905, 0.906], 0.001, "different"),
        ([0.90, 0.92, 0.94], [0.91, 0.92, 0.95], 0.01, "not enough seeds"),
        ([0.9] * 3, [0.9] * 5, 0.001, "equivalent"),
        ([0.9] * 3, [0.8] * 2, 0.01, "different"),
        ([0.9] * 2, [0.8] * 2, 0.2, "equivalent, not equal"),
        ([0.9], [0.9, 0.9], 0.01, "not enough seeds"),
        ([0.9, 0.9], [0.7], 0.01, "not enough seeds"),
    ],
)
def test_verdicts(values, baseline, margin, verdict):
    assert equivalence(values, baseline, margin).verdict == verdict


def test_a_single_run_tells_neither_p_nor_interval():
    found = equivalence([0.9], [0.7, 0.8], 0.01)
    assert found.mean == pytest.approx(0.15)
    assert found.interval is found.p_equivalence is found.p_difference is None
    assert found.seeds_enough is None


def test_nothing_is_said_of_no_runs():
    assert equivalence([], [0.9, 0.8], 0.1) is equivalence([0.9, 0.8], [], 0.1) is None


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_what_is_not_finite_is_refused(wrong):
    with pytest.raises(ValueError, match="finite"):
        equivalence([0.9, wrong], [0.9, 0.8], 0.1)
    with pytest.raises(ValueError, match="finite"):
        equivalence([0.9, 0.8], [0.9, 0.8], wrong)
    with pytest.raises(ValueError, match="above 0"):
        equivalence([0.9, 0.8], [0.9, 0.8], 0.0)


@pytest.mark.parametrize(
    ("mean", "std", "margin"),
    [(0.0, 0.004, 0.005), (0.002, 0.004, 0.005), (0.01, 0.01, 0.005), (0.0, 0.02, 0.005)],
)
def test_with_as_many_seeds_as_are_enough_most_repetitions_tell(mean, std, margin):
    """By drawing, with a fixed seed; where both tests may tell, more do."""
    count = seeds_enough(mean, (std, std), margin)
    drawn = np.random.default_rng(0).normal(0, std, (2, count, 600))
    values, baseline = drawn[0] + mean, drawn[1]
    test = ttest_ind(values, baseline, equal_var=False)
    low, high = test.confidence_interval(INTERVAL)
    told = (test.pvalue < ALPHA) | ((low > -margin) & (high < margin))
    assert 0.77 < told.mean() < (1.0 if mean else 0.9)


def test_too_many_seeds_are_not_named():
    assert seeds_enough(1e-5, (0.5, 0.5), 1e-5) is None
    assert seeds_enough(0.1, (0.0, 0.0), 0.01) == 2

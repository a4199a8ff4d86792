"""Whether two arms are equivalent within a margin: two one-sided tests (TOST).

Schuirmann 1987, J. Pharmacokinet. Biopharm. 15(6), with Welch's t, as the spreads of two arms need
not be equal. Not paired by seed: a seed gives two arms the same first weights and the same order of
samples, but their updates differ from the first change of the batch on, so that what a seed shares
between them is not known beforehand; and arms may have different numbers of seeds. Where seeds do
agree between arms, Welch's test errs to the safe side.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bsgrow.reporting.difference import Welch, mean_and_std, welch

ALPHA = 0.05
"""Of each test: how often it may say so where it is not so."""

INTERVAL = 1 - 2 * ALPHA
"""Confidence of the interval that lies within the margin exactly where both tests succeed."""

POWER = 0.8
"""How likely the tests are to tell, with as many seeds as are called enough."""

_MOST_SEEDS = 10_000

Verdict = Literal["equivalent", "equivalent, not equal", "different", "not enough seeds"]
"""``not enough seeds`` to tell; without a margin, none are enough to be equivalent."""


@dataclass(frozen=True, slots=True)
class Equivalence:
    """What can be said of the difference of two arms.

    Attributes:
        margin: below which a difference does not matter, set beforehand; None where none was, so
            that nothing is equivalent.
        mean: mean of the arm − mean of the baseline.
        counts: values behind either mean.
        freedom: Welch and Satterthwaite's degrees of freedom; None where one has a single value, or
            neither has a spread.
        interval: where the difference lies, at :data:`INTERVAL`; None where one has a single value.
        p_equivalence: of the two one-sided tests the larger p; None likewise.
        p_difference: of Welch's two-sided test; None likewise.
        verdict: ``equivalent`` where p_equivalence is below :data:`ALPHA`, and ``equivalent, not
            equal`` where p_difference is too; else ``different`` where p_difference is; else there
            are not enough seeds to tell.
        seeds_enough: of each arm, at which the tests would tell with a probability of
            :data:`POWER` if the means and spreads seen were the true ones; None where that is not
            known, or over 10 000. Where the tests have told, it is not asked.
    """

    margin: float | None
    mean: float
    counts: tuple[int, int]
    freedom: float | None
    interval: tuple[float, float] | None
    p_equivalence: float | None
    p_difference: float | None
    verdict: Verdict
    seeds_enough: int | None


def equivalence(
    values: Sequence[float], baseline: Sequence[float], margin: float | None
) -> Equivalence | None:
    """Test whether two means are equivalent; None where one of them is of no values.

    Args:
        values: of the arm, finite, one a seed.
        baseline: of the arm that it is held against.
        margin: above 0, in the unit of the values; None where none was set.

    Raises:
        ValueError: a value or the margin is not finite, or the margin is not above 0.
    """
    finite = all(map(math.isfinite, (*values, *baseline)))
    if not finite or not (margin is None or 0 < margin < math.inf):
        raise ValueError("values must be finite, and the margin above 0")
    if not (values and baseline):
        return None
    counts = len(values), len(baseline)
    (first, first_std), (second, second_std) = map(mean_and_std, (values, baseline))
    mean, stds = first - second, (first_std, second_std)
    if min(counts) < 2:
        return Equivalence(margin, mean, counts, None, None, None, None, "not enough seeds", None)
    found = welch(mean, stds, counts)
    p_equivalence = None if margin is None else tost(found, margin)
    p_difference = found.nonzero()
    verdict = _verdict(p_equivalence, p_difference)
    enough = seeds_enough(mean, stds, margin) if verdict == "not enough seeds" else None
    freedom = found.freedom if found.error else None
    interval = found.interval(INTERVAL)
    p_values = p_equivalence, p_difference
    return Equivalence(margin, mean, counts, freedom, interval, *p_values, verdict, enough)


def tost(found: Welch, margin: float) -> float:
    """Return the larger p of the two tests that a difference is above −margin, and below margin."""
    return max(found.above(-margin), found.below(margin))


def seeds_enough(mean: float, stds: tuple[float, float], margin: float | None) -> int | None:
    """Return how many seeds of each arm would tell; None where over 10 000 would not.

    Args:
        mean: the difference, taken for the true one.
        stds: the spreads, taken for the true ones.
        margin: of the equivalence; None where none was set, so that a difference alone is told.
    """
    low, high = 1, 2
    while _power(high, mean, stds, margin) < POWER:
        low, high = high, 2 * high
        if low > _MOST_SEEDS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        enough = _power(middle, mean, stds, margin) >= POWER
        low, high = (low, middle) if enough else (middle, high)
    return high if high <= _MOST_SEEDS else None


def _power(count: int, mean: float, stds: tuple[float, float], margin: float | None) -> float:
    """Return about how likely either test is to succeed with so many seeds of each arm.

    By a t distribution that is shifted, for which the noncentral one would be exact.
    """
    from scipy.stats import t

    found = welch(mean, stds, (count, count))
    if not found.error:
        return 1.0
    freedom, distance = found.freedom, abs(mean)
    one, two = t.ppf(1 - ALPHA, freedom), t.ppf(1 - ALPHA / 2, freedom)
    differs = float(t.cdf(distance / found.error - two, freedom))
    if margin is None:
        return differs
    within = [t.cdf((margin + gap) / found.error - one, freedom) for gap in (distance, -distance)]
    return max(float(sum(within) - 1), differs)


def _verdict(p_equivalence: float | None, p_difference: float) -> Verdict:
    if p_equivalence is not None and p_equivalence < ALPHA:
        return "equivalent, not equal" if p_difference < ALPHA else "equivalent"
    return "different" if p_difference < ALPHA else "not enough seeds"

"""The difference of two means, with its uncertainty."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bsgrow.reporting.learning_curve import sample_std

CONFIDENCE = 0.95
"""Of the interval: in how many of repeated comparisons such an interval holds the difference."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one mean lies above another.

    Attributes:
        mean: the difference.
        interval: where it lies at :data:`CONFIDENCE`, by Welch's t; None where one of the two has
            a single value, which tells no uncertainty.
        counts: values behind either mean.
    """

    mean: float
    interval: tuple[float, float] | None
    counts: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Welch:
    """The difference of two means as a t-distributed quantity; the variances may be unequal.

    Welch 1947, Biometrika 34, pages 28 to 35; degrees of freedom by Satterthwaite 1946.

    Attributes:
        mean: the difference.
        error: its standard error; 0 where neither sample has a spread.
        freedom: degrees of freedom; infinite where the error is 0.
    """

    mean: float
    error: float
    freedom: float

    def above(self, bound: float) -> float:
        """Return p of the one-sided test that the difference is above a bound."""
        return _upper_tail(self.mean - bound, self.error, self.freedom)

    def below(self, bound: float) -> float:
        """Return p of the one-sided test that the difference is below a bound."""
        return _upper_tail(bound - self.mean, self.error, self.freedom)

    def nonzero(self) -> float:
        """Return p of the two-sided test that the difference is not 0."""
        return min(1.0, 2 * _upper_tail(abs(self.mean), self.error, self.freedom))

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return where the difference lies, at a confidence below 1."""
        if not self.error:
            return self.mean, self.mean
        from scipy.stats import t  # takes a second to import

        half = float(t.ppf((1 + confidence) / 2, self.freedom)) * self.error
        return self.mean - half, self.mean + half


def welch(mean: float, stds: tuple[float, float], counts: tuple[int, int]) -> Welch:
    """Return the difference of two means from what is known of the samples.

    Args:
        mean: the difference.
        stds: sample standard deviations.
        counts: values in either sample, at least 2.
    """
    first, second = (std * std / n for std, n in zip(stds, counts, strict=True))
    if not first + second:
        return Welch(mean, 0.0, math.inf)
    share = first / (first + second)
    rest = share**2 / (counts[0] - 1) + (1 - share) ** 2 / (counts[1] - 1)
    return Welch(mean, math.sqrt(first + second), 1 / rest)


def welch_of(values: Sequence[float], baseline: Sequence[float]) -> Welch | None:
    """Return mean(values) − mean(baseline); None unless both have two values or more."""
    counts = len(values), len(baseline)
    if min(counts) < 2:
        return None
    (first, first_std), (second, second_std) = map(mean_and_std, (values, baseline))
    return welch(first - second, (first_std, second_std), counts)


def mean_and_std(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and sample standard deviation; of equal values exactly their value and 0."""
    if min(values) == max(values):
        return float(values[0]), 0.0
    return float(np.mean(values)), float(sample_std(np.array(values)))


def difference(values: Sequence[float], baseline: Sequence[float]) -> Difference | None:
    """Return mean(values) − mean(baseline); None where one of them is empty."""
    if not (values and baseline):
        return None
    mean = mean_and_std(values)[0] - mean_and_std(baseline)[0]
    found = welch_of(values, baseline)
    interval = None if found is None else found.interval(CONFIDENCE)
    return Difference(mean, interval, (len(values), len(baseline)))


def _upper_tail(distance: float, error: float, freedom: float) -> float:
    """Return p of a mean that lies by a distance above what is tested against."""
    if not error:
        return 0.0 if distance > 0 else 1.0
    from scipy.stats import t

    return float(t.sf(distance / error, freedom))

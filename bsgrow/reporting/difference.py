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


def difference(values: Sequence[float], baseline: Sequence[float]) -> Difference | None:
    """Return mean(values) − mean(baseline); None where one of them is empty.

    The variances need not be equal (Welch 1947, Biometrika 34, pages 28 to 35).
    """
    if not (values and baseline):
        return None
    counts = len(values), len(baseline)
    mean = float(np.mean(values) - np.mean(baseline))
    if min(counts) < 2:
        return Difference(mean, None, counts)
    margin = _margin(_squared_error(values), _squared_error(baseline), counts)
    return Difference(mean, (mean - margin, mean + margin), counts)


def _squared_error(values: Sequence[float]) -> float:
    """Return the square of the standard error of a mean."""
    return float(sample_std(np.array(values))) ** 2 / len(values)


def _margin(first: float, second: float, counts: tuple[int, int]) -> float:
    """Return half the interval of two means with these squared errors."""
    if not first + second:
        return 0.0
    from scipy.stats import t  # takes a second to import

    spread = first**2 / (counts[0] - 1) + second**2 / (counts[1] - 1)
    freedom = (first + second) ** 2 / spread
    return float(t.ppf((1 + CONFIDENCE) / 2, freedom)) * math.sqrt(first + second)

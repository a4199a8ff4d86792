"""How far the mean curves of two arms lie apart, in units of the spread of their seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bsgrow.reporting.learning_curve import Array, LearningCurve, sample_std


@dataclass(frozen=True, slots=True)
class Gap:
    """Where the mean curves of an arm and of its baseline lie farthest apart.

    Attributes:
        epoch: where that is.
        difference: arm − baseline there.
        spread: of the seeds there: the root of the mean of both variances.
        spreads: the difference in units of the spread, above 0.
    """

    epoch: float
    difference: float
    spread: float
    spreads: float


def largest_gap(
    curves: Sequence[LearningCurve], baseline: Sequence[LearningCurve], quantity: str
) -> Gap | None:
    """Return the largest gap of two mean curves; None where no place of both has a spread.

    It is looked for at the evaluations of the baseline that lie within the arm's. There the arm
    is interpolated, as a batch that has grown crosses the end of an epoch and is evaluated a
    little later.

    Args:
        curves: of the arm, one a seed; two or more, as without a spread there is no unit.
        baseline: the same of the baseline.
        quantity: ``train_loss``, ``test_accuracy`` or ``test_loss``.
    """
    if min(len(curves), len(baseline)) < 2:
        return None
    epochs = _shared(curves, baseline)
    if not epochs.size:
        return None
    values, others = _at(curves, quantity, epochs), _at(baseline, quantity, epochs)
    difference = values.mean(axis=0) - others.mean(axis=0)
    spread = np.sqrt((sample_std(values) ** 2 + sample_std(others) ** 2) / 2)
    known = np.isfinite(difference) & (spread > 0)
    if not known.any():
        return None
    ratio = np.zeros_like(difference)
    ratio[known] = np.abs(difference[known]) / spread[known]
    i = int(ratio.argmax())
    return Gap(float(epochs[i]), float(difference[i]), float(spread[i]), float(ratio[i]))


def _shared(curves: Sequence[LearningCurve], baseline: Sequence[LearningCurve]) -> Array:
    """Return the epochs at which the baseline was evaluated, as far as all curves reach."""
    every = [curve.epochs for curve in (*curves, *baseline)]
    if not all(map(len, every)):
        return np.zeros(0)
    first, last = max(epochs[0] for epochs in every), min(epochs[-1] for epochs in every)
    epochs = baseline[0].epochs
    return np.asarray(epochs[(epochs >= first) & (epochs <= last)])


def _at(curves: Sequence[LearningCurve], quantity: str, epochs: Array) -> Array:
    return np.stack([np.interp(epochs, c.epochs, getattr(c, quantity)) for c in curves])

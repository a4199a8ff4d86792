"""The learning curve of a run, and of an arm of several seeds, from their events."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bsgrow.training.events.events import Evaluated, Event

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """What was measured at each evaluation of one run.

    Attributes:
        epochs: passes over the training set, float64 [num_evaluations].
        updates: parameter updates made, float64 [num_evaluations].
        train_loss: mean training loss since the evaluation before, in nats.
        test_accuracy: fraction of the held-out samples right, 0 to 1.
        test_loss: mean loss over the held-out samples, in nats.
    """

    epochs: Array
    updates: Array
    train_loss: Array
    test_accuracy: Array
    test_loss: Array


@dataclass(frozen=True, eq=False)
class Band:
    """Mean and standard deviation over seeds at each evaluation, float64 [num_evaluations]."""

    mean: Array
    std: Array


_COLUMNS = ("epoch", "num_updates", "train_loss", "test_accuracy", "test_loss")


def learning_curve(events: Iterable[Event]) -> LearningCurve:
    """Collect the evaluations of a run, 40 bytes each; its events are looked at one by one."""
    numbers = array("d")
    for event in events:
        if isinstance(event, Evaluated):
            numbers.extend(getattr(event, name) for name in _COLUMNS)
    columns = np.array(numbers).reshape(-1, len(_COLUMNS)).T
    return LearningCurve(*map(np.ascontiguousarray, columns))


def band(curves: Sequence[LearningCurve], quantity: str) -> Band:
    """Return mean and standard deviation of a quantity over runs of the same plan.

    Args:
        curves: one per seed; evaluated at the same positions.
        quantity: ``train_loss``, ``test_accuracy`` or ``test_loss``.
    """
    values = np.stack([getattr(curve, quantity) for curve in curves])
    return Band(values.mean(axis=0), sample_std(values))


def sample_std(values: Array) -> Array:
    """Return the sample standard deviation over the first axis; 0 for a single run."""
    if len(values) < 2:
        return np.zeros(values.shape[1:])
    return np.asarray(values.std(axis=0, ddof=1))

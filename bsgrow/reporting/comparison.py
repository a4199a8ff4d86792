"""Arms of a recipe against each other: what each reached, and what it took."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bsgrow.reporting.learning_curve import LearningCurve, sample_std
from bsgrow.training.events import RunFinished


@dataclass(frozen=True)
class Spread:
    """Mean ± sample standard deviation over seeds."""

    mean: float
    std: float


@dataclass(frozen=True, eq=False)
class Arm:
    """The finished runs of one arm.

    Attributes:
        name: ``decay``, ``hybrid`` or ``grow``.
        seeds: one per run.
        runs: what each run ended with.
        curves: what each run measured on its way.
    """

    name: str
    seeds: tuple[int, ...]
    runs: tuple[RunFinished, ...]
    curves: tuple[LearningCurve, ...]

    @property
    def num_updates(self) -> int:
        """Parameter updates of each run; the plan is the same for every seed."""
        return self.runs[0].num_updates

    @property
    def test_accuracy(self) -> Spread:
        """Fraction of the held-out samples right at the end."""
        return _spread([run.test_accuracy for run in self.runs])

    @property
    def wall_seconds(self) -> Spread:
        """Wall-clock of a run, evaluations included."""
        return _spread([run.wall_seconds for run in self.runs])


def comparison_as_dict(arms: Sequence[Arm]) -> dict[str, Any]:
    """Return the comparison as plain values, ready for JSON."""
    return {"arms": [_arm_as_dict(arm) for arm in arms]}


def _arm_as_dict(arm: Arm) -> dict[str, Any]:
    return {
        "arm": arm.name,
        "seeds": list(arm.seeds),
        "test_accuracy": asdict(arm.test_accuracy),
        "test_accuracies": [run.test_accuracy for run in arm.runs],
        "num_updates": arm.num_updates,
        "baseline_num_updates": arm.runs[0].baseline_num_updates,
        "wall_seconds": asdict(arm.wall_seconds),
    }


def _spread(values: Sequence[float]) -> Spread:
    array = np.array(values, dtype=np.float64)
    return Spread(float(array.mean()), float(sample_std(array)))

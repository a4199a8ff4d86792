"""Arms of a recipe against each other: what each reached, and what it took."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from bsgrow.reporting.difference import CONFIDENCE, Difference, difference
from bsgrow.reporting.learning_curve import LearningCurve, sample_std
from bsgrow.reporting.machine import describe_machine
from bsgrow.schedule import Plan
from bsgrow.training.events.events import RunFinished


@dataclass(frozen=True)
class Spread:
    """Mean ± sample standard deviation over seeds."""

    mean: float
    std: float


@dataclass(frozen=True, eq=False)
class Arm:
    """The runs of one arm; those that diverged are named, and count in none of its figures.

    Attributes:
        name: ``decay``, ``hybrid`` or ``grow``, or any that an experiment has.
        num_updates: parameter updates of each run; the plan is the same for every seed.
        baseline_num_updates: those of the reference schedule.
        seeds: one per run.
        runs: what each run that did not diverge ended with.
        curves: what each of these measured on its way.
        diverged: what was said of each seed that diverged.
        optimizer: its name in the experiment; empty where that has none.
        baseline: the name of the arm that it is compared with; the first one's where empty.
        group: arms that are shown together.
        plan: of each run, where it is known; tokens are counted where it says how many there are.
    """

    name: str
    num_updates: int
    baseline_num_updates: int
    seeds: tuple[int, ...]
    runs: tuple[RunFinished, ...]
    curves: tuple[LearningCurve, ...]
    diverged: Mapping[int, str] = field(default_factory=dict)
    optimizer: str = ""
    baseline: str = ""
    group: str = "main"
    plan: Plan | None = None

    @property
    def title(self) -> str:
        """Its name, and that of its optimizer."""
        return f"{self.name}, {self.optimizer}" if self.optimizer else self.name

    @property
    def count(self) -> str:
        """How many runs the figures are of, and of how many where some diverged."""
        number = len(self.runs)
        return f"{number} of {number + len(self.diverged)}" if self.diverged else f"{number}"

    @property
    def test_accuracy(self) -> Spread | None:
        """Fraction of the held-out samples right at the end; None where every run diverged."""
        return _spread([run.test_accuracy for run in self.runs])

    @property
    def wall_seconds(self) -> Spread | None:
        """Wall-clock of a run, evaluations included; None where every run diverged."""
        return _spread([run.wall_seconds for run in self.runs])


def comparison_as_dict(arms: Sequence[Arm]) -> dict[str, Any]:
    """Return the comparison as plain values, ready for JSON, and what it was measured on."""
    rows = {
        "arms": [_arm_as_dict(arm) for arm in arms],
        "differences": [
            {"arm": arm.name, "baseline": baseline.name, "optimizer": arm.optimizer}
            | {"test_accuracy": _difference(arm, baseline)}
            for arm, baseline in with_baselines(arms)
        ],
    }
    return describe_machine() | rows


def with_baselines(arms: Sequence[Arm]) -> Iterator[tuple[Arm, Arm]]:
    """Yield each arm with the one that it is compared with, of the same optimizer."""
    by_name = {(arm.name, arm.optimizer): arm for arm in arms}
    for arm in arms:
        baseline = by_name.get((arm.baseline or arms[0].name, arm.optimizer))
        if baseline is not None and baseline is not arm:
            yield arm, baseline


def accuracy_difference(arm: Arm, baseline: Arm) -> Difference | None:
    """Return by how much an arm's test accuracy is above another's; None without runs of both."""
    return difference(*([run.test_accuracy for run in each.runs] for each in (arm, baseline)))


def _difference(arm: Arm, baseline: Arm) -> dict[str, Any] | None:
    found = accuracy_difference(arm, baseline)
    return None if found is None else asdict(found) | {"confidence": CONFIDENCE}


def _arm_as_dict(arm: Arm) -> dict[str, Any]:
    accuracies = [run.test_accuracy for run in arm.runs]
    return {
        "arm": arm.name,
        "optimizer": arm.optimizer,
        "seeds": list(arm.seeds),
        "test_accuracy": _as_dict(arm.test_accuracy),
        "test_accuracy_median": float(np.median(accuracies)) if accuracies else None,
        "test_accuracies": accuracies,
        "num_updates": arm.num_updates,
        "baseline_num_updates": arm.baseline_num_updates,
        "wall_seconds": _as_dict(arm.wall_seconds),
        "diverged": [{"seed": seed, "reason": why} for seed, why in arm.diverged.items()],
    }


def _as_dict(spread: Spread | None) -> dict[str, float] | None:
    return None if spread is None else asdict(spread)


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    array = np.array(values, dtype=np.float64)
    return Spread(float(array.mean()), float(sample_std(array)))

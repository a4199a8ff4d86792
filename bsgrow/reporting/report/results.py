"""What an experiment has come to so far: its arms under each optimizer, run by run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bsgrow.recipe import Recipe
from bsgrow.reporting.comparison import Arm
from bsgrow.reporting.learning_curve import LearningCurve
from bsgrow.schedule import Plan
from bsgrow.training.events.events import RunFinished

State = Literal["finished", "unfinished", "diverged", "missing"]
Measure = Literal["test_accuracy", "test_loss"]

MAIN = "main"
"""The group of the arms that the experiment is about."""


@dataclass(frozen=True, eq=False)
class Run:
    """One run of an experiment, whatever became of it.

    Attributes:
        seed: of order, augmentation and initial weights.
        state: ``missing`` where it is not begun.
        reason: what is to be said of its state; empty for one that is finished.
        path: its directory, as the user named it.
        finished: what it ended with; None unless it is finished.
        curve: what it measured on its way; None unless it is finished.
        origin: versions, device, and digests of code and data; empty where not recorded.
    """

    seed: int
    state: State
    reason: str
    path: str
    finished: RunFinished | None
    curve: LearningCurve | None
    origin: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Series:
    """The runs of an arm under one optimizer.

    Attributes:
        arm: its name in the experiment.
        label: what a reader is shown.
        group: ``main``, or what the experiment calls it.
        optimizer: its name in the experiment; empty where there is only the recipe's own.
        baseline: the arm that it is held against.
        expect: whether the experimenter expects it to be the same as the baseline, or to differ.
        dose: what its response is to be seen against, within its group.
        recipe: of the first seed; None where none is begun.
        text: that recipe as resolved, TOML.
        plan: what every seed carries out; None where it is not known.
        runs: one a seed.
    """

    arm: str
    label: str
    group: str
    optimizer: str
    baseline: str
    expect: Literal["same", "differs"] | None
    dose: float | None
    recipe: Recipe | None
    text: str
    plan: Plan | None
    runs: tuple[Run, ...]

    def in_state(self, state: State) -> list[Run]:
        """Return the runs of a state."""
        return [run for run in self.runs if run.state == state]

    @property
    def ended(self) -> list[RunFinished]:
        """What the finished runs ended with."""
        return [run.finished for run in self.runs if run.finished is not None]

    def as_arm(self) -> Arm:
        """Return what a picture or a table needs of the runs."""
        kept = [run for run in self.runs if run.finished is not None and run.curve is not None]
        ended, plan = self.ended, self.plan
        totals = (plan.num_updates, plan.baseline_num_updates) if plan else (0, 0)
        if not plan and ended:
            totals = ended[0].num_updates, ended[0].baseline_num_updates
        return Arm(
            self.label,
            *totals,
            tuple(run.seed for run in kept),
            tuple(run.finished for run in kept if run.finished),
            tuple(run.curve for run in kept if run.curve),
            {run.seed: run.reason for run in self.in_state("diverged")},
            plan=plan,
        )


@dataclass(frozen=True, eq=False)
class Results:
    """An experiment and its runs.

    Attributes:
        name: of the experiment.
        description: what it is for, from its file; may be empty.
        folder: that it is in, as the user named it.
        measure: by which arms are held against the baseline.
        margin: set beforehand in the experiment file, in the measure's unit; None where none was.
        optimizers: what each is called, by its name, in their order.
        series: optimizer by optimizer, each in the order of the arms.
        starts: what each start of the experiment was run on; the oldest first.
        text: the experiment file; empty where there is none.
    """

    name: str
    description: str
    folder: str
    measure: Measure
    margin: float | None
    optimizers: Mapping[str, str]
    series: tuple[Series, ...]
    starts: tuple[Mapping[str, Any], ...]
    text: str

    @property
    def runs(self) -> list[Run]:
        """All runs."""
        return [run for series in self.series for run in series.runs]

    @property
    def groups(self) -> list[str]:
        """Names of the groups, the main one first."""
        names = dict.fromkeys(series.group for series in self.series)
        return sorted(names, key=lambda name: name != MAIN)

    def of(self, optimizer: str, group: str | None = None) -> list[Series]:
        """Return the arms under an optimizer, of one group or of all."""
        own = [series for series in self.series if series.optimizer == optimizer]
        return [series for series in own if group in (None, series.group)]

    def baseline_of(self, series: Series) -> Series | None:
        """Return what an arm is held against: another one under the same optimizer."""
        found = (each for each in self.of(series.optimizer) if each.arm == series.baseline)
        return None if series.arm == series.baseline else next(found, None)

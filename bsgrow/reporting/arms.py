"""The arms of a recipe over seeds: each run that is not finished is made, and all are gathered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bsgrow.errors import BsgrowError
from bsgrow.recipe import OpenedData, Recipe, make_arm, plan_recipe
from bsgrow.reporting.comparison import Arm
from bsgrow.reporting.learning_curve import LearningCurve, learning_curve
from bsgrow.text.command import quoted
from bsgrow.training import DivergedRunError, RunDirectory, RunFinished, events_in

CarryOut = Callable[[Recipe, RunDirectory], RunFinished]
"""Makes a run, goes on with it, or returns what it ended with if it is finished."""


@dataclass(frozen=True)
class Comparing:
    """What the runs of a comparison have in common.

    Attributes:
        recipe: whose arms they are.
        seeds: one run each, of every arm.
        folder: holds a directory for each run.
        opened: the data of the recipe, opened once.
    """

    recipe: Recipe
    seeds: Sequence[int]
    folder: Path
    opened: OpenedData

    def run_arms(
        self, names: Sequence[str], carry_out: CarryOut, on_diverged: Callable[[str], None]
    ) -> list[Arm]:
        """Train what is not finished yet, arm by arm; a run that diverges ends no other.

        Args:
            names: keys of ``ARMS``.
            carry_out: called for every run.
            on_diverged: called with what is said of a run that diverged.
        """
        return [self._run_arm(name, carry_out, on_diverged) for name in names]

    def _run_arm(self, name: str, carry_out: CarryOut, on_diverged: Callable[[str], None]) -> Arm:
        plan = plan_recipe(make_arm(self.recipe, name, self.seeds[0]), self.opened)
        runs: dict[int, RunFinished] = {}
        diverged: dict[int, str] = {}
        for seed in self.seeds:
            try:
                arm = make_arm(self.recipe, name, seed)
                runs[seed] = carry_out(arm, self._directory(name, seed))
            except DivergedRunError as error:
                on_diverged(error.message)
                diverged[seed] = error.message
        curves = _curves([self._directory(name, seed) for seed in runs], plan.num_updates)
        totals = plan.num_updates, plan.baseline_num_updates
        return Arm(name, *totals, tuple(runs), tuple(runs.values()), curves, diverged)

    def _directory(self, name: str, seed: int) -> RunDirectory:
        return RunDirectory(self.folder / f"{name}-seed{seed}")


def require_none_diverged(arms: Sequence[Arm], folder: Path) -> None:
    """Raise BsgrowError after a comparison in which runs are missing, as they diverged."""
    lost = [f"{arm.name}-seed{seed}" for arm in arms for seed in arm.diverged]
    if lost:
        number = len(lost) + sum(len(arm.runs) for arm in arms)
        raise BsgrowError(
            f"{len(lost)} of {number} runs in {folder} diverged, and count in no figure: "
            + ", ".join(lost),
            hint="lower schedule.lr or growth.lr_scale, and compare into another --out",
        )


def _curves(directories: Sequence[RunDirectory], num_updates: int) -> tuple[LearningCurve, ...]:
    """Return what finished runs of an arm measured on their way."""
    curves = [learning_curve(events_in(directory.events)) for directory in directories]
    for directory, curve in zip(directories, curves, strict=True):
        _require_whole(directory, curve, curves[0], num_updates)
    return tuple(curves)


def _require_whole(
    directory: RunDirectory, curve: LearningCurve, first: LearningCurve, num_updates: int
) -> None:
    """Check that a run was evaluated at its end, and wherever the first of its arm was."""
    positions = curve.updates.tolist()
    if positions != first.updates.tolist() or positions[-1:] != [num_updates]:
        raise BsgrowError(
            f"{directory.events} does not hold every evaluation of its run",
            hint=f"remove {quoted(str(directory.path))} and run the same command again",
        )

"""A comparison as Python starts it; as `bsgrow compare` does, without its table and picture."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bsgrow.errors import InputError
from bsgrow.experiments import Experiment, Part, is_experiment, load_experiment
from bsgrow.experiments.comparing import look, make_what_is_left, one_after_the_other
from bsgrow.experiments.making import Ended
from bsgrow.experiments.reading import experiment_of
from bsgrow.recipe import OpenedData, Recipe, given_recipe
from bsgrow.reporting.arms import arms_of
from bsgrow.reporting.comparison import Arm
from bsgrow.reporting.start import describe_start
from bsgrow.text.printable import shown
from bsgrow.training import RunDirectory, RunFinished, carry_out
from bsgrow.validation.annotated import checked

_log = logging.getLogger(__name__)


@checked
def compare(
    recipe: Recipe | str | Path = "digits",
    *,
    arms: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
    out: str | Path,
    overrides: Iterable[str] = (),
    optimizers: Sequence[str] | None = None,
) -> list[Arm]:
    """Train the arms of a recipe or of an experiment, and return what each arm reached.

    Runs that are finished in ``out`` are not made again, others go on where they were. One that
    diverges is named in ``Arm.diverged``, one that fails in a warning; neither counts in a figure.

    Args:
        recipe: a shipped name, a path to a TOML file, or what ``bsgrow.load_recipe`` returned; or
            the path of an experiment.
        arms: of ``decay``, ``hybrid`` and ``grow``, by default ``decay`` and ``grow``; of an
            experiment those of its own that are wanted, by default all.
        seeds: of each arm, by default 0, 1 and 2; of an experiment, as with arms.
        out: where the runs are kept.
        overrides: ``key=value`` with a dotted key, of a recipe that is read.
        optimizers: of an experiment, as with arms.

    Raises:
        InputError: the recipe, an arm, the data or a directory do not do.
        BsgrowError: as ``bsgrow.training.carry_out``.
    """
    several = {"arms": arms, "seeds": seeds, "optimizers": optimizers}
    for name, values in several.items():
        if values is not None:
            _require_distinct(name, values)
    experiment, part = _wanted(recipe, overrides, several)
    opened = OpenedData(runs_code=True)

    def carry(arm: Recipe, directory: RunDirectory) -> RunFinished:
        return carry_out(
            arm,
            directory,
            resume=directory.is_begun(),
            on_event=lambda event: None,
            should_stop=lambda: False,
            opened=opened,
        )

    comparison = look(experiment, part, Path(out), opened)
    record, _ = make_what_is_left(
        comparison, one_after_the_other(carry), describe_start(["bsgrow.compare"]), _tell
    )
    return arms_of(record, comparison.planned)


def _wanted(
    recipe: Recipe | str | Path, overrides: Iterable[str], several: dict[str, Any]
) -> tuple[Experiment, Part]:
    if isinstance(recipe, str | Path) and is_experiment(str(recipe)):
        return load_experiment(recipe, overrides), Part(**several)
    loaded = given_recipe(recipe, overrides)
    arms, seeds = several["arms"] or ("decay", "grow"), several["seeds"] or (0, 1, 2)
    name = "recipe" if isinstance(recipe, Recipe) else Path(recipe).stem
    return experiment_of(name, loaded, arms, seeds), Part(optimizers=several["optimizers"])


def _tell(ended: Ended) -> None:
    if ended.is_lost:
        _log.warning("%s: %s", ended.run.directory.path, ended.failed or ended.run.reason)


def _require_distinct(name: str, several: Any) -> None:
    is_list = isinstance(several, Sequence) and not isinstance(several, str)
    if not is_list or not several or len(set(several)) < len(several):
        raise InputError(f"{name} = {shown(several)}: expected a list of one or more, none twice")

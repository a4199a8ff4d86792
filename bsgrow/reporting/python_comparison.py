"""A comparison as Python starts it; as `bsgrow compare` does, without its table and picture."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bsgrow.errors import InputError
from bsgrow.recipe import OpenedData, Recipe, check_arms, given_recipe
from bsgrow.reporting.arms import Comparing
from bsgrow.reporting.comparison import Arm
from bsgrow.text.printable import shown
from bsgrow.training import RunDirectory, RunFinished, carry_out

_log = logging.getLogger(__name__)


def compare(
    recipe: Recipe | str | Path = "digits",
    *,
    arms: Sequence[str] = ("decay", "grow"),
    seeds: Sequence[int] = (0, 1, 2),
    out: str | Path,
    overrides: Iterable[str] = (),
) -> list[Arm]:
    """Train the arms of a recipe over seeds, and return what each arm reached.

    Runs that are finished in ``out`` are not made again, others go on where they were. One that
    diverges is named in ``Arm.diverged`` and counts in no figure.

    Args:
        recipe: a shipped name, a path to a TOML file, or what ``bsgrow.load_recipe`` returned.
        arms: of ``decay``, ``hybrid`` and ``grow``.
        seeds: of each arm.
        out: where the runs are kept.
        overrides: ``key=value`` with a dotted key, of a recipe that is read.

    Raises:
        InputError: the recipe, an arm, the data or a directory do not do.
        BsgrowError: as ``bsgrow.training.carry_out``.
    """
    loaded = given_recipe(recipe, overrides)
    for name, several in (("arms", arms), ("seeds", seeds)):
        _require_distinct(name, several)
    opened = OpenedData(runs_code=True)
    check_arms(loaded, arms, seeds[0], opened)

    def carry(arm: Recipe, directory: RunDirectory) -> RunFinished:
        return carry_out(
            arm,
            directory,
            resume=directory.is_begun(),
            on_event=lambda event: None,
            should_stop=lambda: False,
            opened=opened,
        )

    return Comparing(loaded, seeds, Path(out), opened).run_arms(arms, carry, _log.warning)


def _require_distinct(name: str, several: Any) -> None:
    is_list = isinstance(several, Sequence) and not isinstance(several, str)
    if not is_list or not several or len(set(several)) < len(several):
        raise InputError(f"{name} = {shown(several)}: expected a list of one or more, none twice")

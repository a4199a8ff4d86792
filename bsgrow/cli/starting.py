"""Where a run is kept and what it trains, before anything of it is carried out."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bsgrow.cli.console import note
from bsgrow.cli.overrides import Overrides
from bsgrow.text.command import Command, resume_command
from bsgrow.text.printable import printable

if TYPE_CHECKING:
    from bsgrow.recipe import Recipe
    from bsgrow.training import RunDirectory
    from bsgrow.training.process_group import ProcessGroup

_DEFAULT_RECIPE = "digits"
_RUNS = Path("runs")


class Asked(NamedTuple):
    """What a user asked for.

    Attributes:
        recipe: its name, if one was given.
        changed: what the options change in it.
        out_dir: where the run is kept, if that was said.
        resume: whether to go on with the run that is there.
    """

    recipe: str | None
    changed: Overrides
    out_dir: Path | None
    resume: bool


class Start(NamedTuple):
    """A run that may begin, or go on.

    Attributes:
        name: of the recipe.
        recipe: as written.
        directory: of the run.
        resume: whether it goes on.
        go_on: the command that goes on with it later.
    """

    name: str
    recipe: "Recipe"
    directory: "RunDirectory"
    resume: bool
    go_on: Command


def start(asked: Asked) -> Start:
    """Return the run that a process alone carries out.

    Raises:
        InputError: recipe or directory do not do; where that takes no look into the data, before
            torch is imported.
    """
    return _start_in(asked, choose_directory(asked))


def start_together(asked: Asked, group: "ProcessGroup") -> Start:
    """Return the run that the processes of a group carry out, in the directory of rank 0.

    Where torchrun has started all anew, since one had died, the run goes on.

    Raises:
        InputError: as ``start``; it ends all processes.
        EndedElsewhereError: another process cannot start.
    """
    from bsgrow.processes.launched import num_restarts
    from bsgrow.training import RunDirectory
    from bsgrow.training.decisions import Decisions
    from bsgrow.training.process_group import from_rank_0
    from bsgrow.training.shared_folder import require_shared

    def choose() -> tuple[str, bool] | None:
        if group.rank != 0:
            return None
        if num_restarts() and not asked.resume:
            return _restarted(asked)
        directory = choose_directory(asked)
        if asked.resume:
            directory.find_recipe()
        return str(directory.path), asked.resume

    decisions = Decisions(group)
    path, resume = from_rank_0(group, decisions.together(choose)) or ("", False)
    directory = RunDirectory(Path(path), rank=group.rank)
    if resume:
        require_shared(group, directory.path)
    return decisions.together(lambda: _start_in(asked._replace(resume=resume), directory))


def _restarted(asked: Asked) -> tuple[str, bool]:
    """Return where a run goes on whose processes were started anew, and whether it had begun."""
    from bsgrow.errors import InputError

    try:
        directory = choose_directory(asked._replace(resume=True))
    except InputError:  # there is none yet
        directory = choose_directory(asked)
    return str(directory.path), directory.is_begun()


def choose_directory(asked: Asked) -> "RunDirectory":
    """Return the directory of the run: the one that is named, the one to go on with, or a new."""
    from bsgrow.training import RunDirectory, newest_unfinished_run

    if asked.out_dir is not None or not asked.resume:
        return RunDirectory(asked.out_dir or _new_directory(asked.recipe or _DEFAULT_RECIPE))
    directory = newest_unfinished_run(_RUNS)
    note(f"going on with {printable(directory.path)}, the newest run that is not finished")
    return directory


def _start_in(asked: Asked, directory: "RunDirectory") -> Start:
    name = asked.recipe or (directory.find_recipe() if asked.resume else _DEFAULT_RECIPE)
    go_on = resume_command(directory.path, asked.changed.words)
    recipe = asked.changed.load(name)
    _check_soon(recipe, directory, asked.resume)
    return Start(name, recipe, directory, asked.resume, go_on)


def _check_soon(recipe: "Recipe", directory: "RunDirectory", resume: bool) -> None:
    """Raise what is wrong before torch is imported, where that takes no look into the data."""
    from bsgrow.data.user_path import expand_user
    from bsgrow.recipe import plan_recipe

    path = recipe.data.path
    if path is None or not expand_user(Path(path)).exists():
        plan_recipe(recipe)
        if not resume:
            directory.require_new()


def _new_directory(name: str) -> Path:
    stem = f"{Path(name).stem}-{datetime.now():%Y%m%d-%H%M%S}"
    candidates = (_RUNS / (stem + suffix) for suffix in ("", *(f"-{k}" for k in range(2, 100))))
    return next(path for path in candidates if not path.exists())

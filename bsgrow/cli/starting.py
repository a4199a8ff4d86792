"""Where a run is kept and what it trains, before anything of it is carried out."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bsgrow.cli.console import note
from bsgrow.cli.overrides import Overrides
from bsgrow.text.command import Command, resume_command
from bsgrow.text.printable import printable

if TYPE_CHECKING:
    from bsgrow.recipe import Recipe
    from bsgrow.training import RunDirectory
    from bsgrow.training.group.process_group import ProcessGroup

_DEFAULT_RECIPE = "digits"
_DIRECTORY = "run directory"  # under which processes note it for those in their place


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

    Where torchrun has started all anew, as after a death, the run of those before goes on.

    Raises:
        InputError: as ``start``; it ends all processes.
        EndedElsewhereError: another process cannot start.
    """
    from bsgrow.processes.launched import is_by_torchrun
    from bsgrow.processes.parent import name_of_parent
    from bsgrow.training import RunDirectory
    from bsgrow.training.decisions import Decisions
    from bsgrow.training.group.process_group import from_rank_0
    from bsgrow.training.shared_folder import require_shared

    launchers = group.gather(name_of_parent()) if is_by_torchrun() else []

    def choose() -> tuple[str, bool] | None:
        if group.rank != 0:
            return None
        directory, resume = _choose_together(asked, group, launchers)
        group.note(_DIRECTORY, str(directory.path))
        return str(directory.path), resume

    decisions = Decisions(group)
    path, resume = from_rank_0(group, decisions.together(choose)) or ("", False)
    directory = RunDirectory(Path(path), rank=group.rank)
    if resume:
        decisions.together(lambda: require_shared(group, directory.path))
    return decisions.together(lambda: _start_in(asked._replace(resume=resume), directory))


def _choose_together(
    asked: Asked, group: "ProcessGroup", launchers: list[str]
) -> "tuple[RunDirectory, bool]":
    """Return the directory of the run, and whether that goes on.

    How often torchrun has started the processes says less than what those before have noted: each
    machine counts for itself, and starts them anew without counting when another one comes. Where
    the machine is gone that kept the note, the run says who has started it.
    """
    from bsgrow.training import RunDirectory

    if (noted := group.noted(_DIRECTORY)) is not None:
        directory = RunDirectory(Path(noted))
        return directory, directory.is_begun()
    if not asked.resume and (begun := _begun_before(asked, launchers)) is not None:
        return begun, True
    directory = choose_directory(asked)
    if asked.resume:
        directory.find_recipe()
    return directory, asked.resume


def _begun_before(asked: Asked, launchers: list[str]) -> "RunDirectory | None":
    """Return the run that the processes have begun when their launchers started them before."""
    from bsgrow.training import RunDirectory
    from bsgrow.training.run_directory import RUNS
    from bsgrow.training.unfinished import run_launched_by

    if asked.out_dir is None:
        found = run_launched_by(launchers, RUNS)
    else:
        named = RunDirectory(asked.out_dir)
        found = named if named.is_launched_by(launchers) else None
    if found is None or not found.is_begun():
        return None
    note(f"going on with {printable(found.path)}, as all processes were started anew")
    return found


def choose_directory(asked: Asked) -> "RunDirectory":
    """Return the directory of the run: the one that is named, the one to go on with, or a new."""
    from bsgrow.training import RunDirectory, newest_unfinished_run
    from bsgrow.training.run_directory import RUNS, new_directory

    if asked.out_dir is not None or not asked.resume:
        return RunDirectory(asked.out_dir or new_directory(asked.recipe or _DEFAULT_RECIPE))
    directory = newest_unfinished_run(RUNS)
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

    path, spec = recipe.data.path, recipe.data.spec
    if spec is not None and spec.runs_code:
        return
    if path is None or not expand_user(Path(path)).exists():
        plan_recipe(recipe)
        if not resume:
            directory.require_new()

"""Carrying out a recipe under a person's eyes: shown while it runs, stopped by a signal."""

import typer

from bsgrow.cli.console import note, print_error, print_hint
from bsgrow.cli.deadline import CarriedOut
from bsgrow.cli.garbage import collect_as_usual
from bsgrow.cli.live import display, nothing_shown
from bsgrow.cli.stopping import StopRequest
from bsgrow.errors import BsgrowError
from bsgrow.files.atomic import IF_FULL
from bsgrow.loading.faults import SKIP_HINT
from bsgrow.recipe import OpenedData, Recipe
from bsgrow.text.command import Command
from bsgrow.training import (
    InterruptedRunError,
    RunDirectory,
    RunFinished,
    carry_out,
)
from bsgrow.training.emergency import Emergency
from bsgrow.training.group.process_group import ALONE, LostProcessError, ProcessGroup
from bsgrow.training.planned_world_size import (
    OtherWorldSizeError,
    PhaseEndedError,
    start_with,
)


def carry_out_stoppable(
    recipe: Recipe,
    directory: RunDirectory,
    resume: bool,
    stop: StopRequest,
    *,
    go_on: Command,
    lines: bool = True,
    opened: OpenedData | None = None,
    group: ProcessGroup = ALONE,
) -> RunFinished:
    """Carry out a recipe; a signal checkpoints it, says how to go on and exits.

    Args:
        recipe: as written.
        directory: of the run.
        resume: go on with the run in the directory.
        stop: entered; it turns graceful when training begins.
        go_on: the command that goes on with the run, once it has begun.
        lines: whether each evaluation leaves a line on stderr.
        opened: the data of a command that carries out several recipes.
        group: the processes that carry it out; rank 0 shows what goes on.
    """
    collect_as_usual()
    emergency = Emergency()

    def say(error: BsgrowError) -> None:
        if group.rank == 0:
            print_error(_said(error, directory, go_on))

    try:
        with (
            display(lines=lines) if group.rank == 0 else nothing_shown() as show,
            stop.carrying_out(CarriedOut(emergency, group, say)),
        ):
            return carry_out(
                recipe,
                directory,
                resume=resume,
                on_event=show,
                should_stop=stop,
                opened=opened,
                group=group,
                emergency=emergency,
            )
    except InterruptedRunError as interrupted:
        say(interrupted)
        stop.end(group)
    except KeyboardInterrupt:
        say(InterruptedRunError("stopped at once"))
    except PhaseEndedError as ended:
        if group.rank == 0:
            note(ended.message)
            print_hint(_said(ended, directory, go_on).hint or "")
        stop.end(group, ended.exit_code)
    except LostProcessError as lost:
        is_first = group.rank == lost.first_left
        if not stop():
            lost.is_said = bool(lost.ranks) and not is_first
            _said(lost, directory, go_on)
            raise
        if is_first:
            stopped = InterruptedRunError(f"stopped, as others have: {lost.message}")
            print_error(_said(stopped, directory, go_on))
    except BsgrowError as error:
        _said(error, directory, go_on)
        raise
    raise typer.Exit(stop.exit_code)


def _said(error: BsgrowError, directory: RunDirectory, go_on: Command) -> BsgrowError:
    """Return an error with the whole command in its hint, where that goes on with the run."""
    if directory.is_begun():
        if isinstance(error, InterruptedRunError):
            from_last = "" if error.hint else "from the last checkpoint "
            error.hint = f"go on {from_last}with: {go_on}"
        elif isinstance(error, PhaseEndedError | OtherWorldSizeError):
            error.hint = f"go on with: {start_with(error.world_size, go_on)}"
        else:
            error.hint = _with_command(error.hint, go_on)
    return error


def _with_command(hint: str | None, go_on: Command) -> str | None:
    """Return a hint of the library with the whole command, where that goes on with the run."""
    if hint == IF_FULL:
        return f"{IF_FULL}, then go on with: {go_on}"
    if hint == SKIP_HINT:
        skipping = go_on.with_overrides("--set", "data.on_error=skip")
        return f"restore the file and go on with: {go_on}; or without the file: {skipping}"
    return hint

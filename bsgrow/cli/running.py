"""Carrying out a recipe under a person's eyes: shown while it runs, stopped by a signal."""

import typer

from bsgrow.cli.console import print_error
from bsgrow.cli.garbage import collect_as_usual
from bsgrow.cli.live import display, nothing_shown
from bsgrow.cli.stopping import StopRequest
from bsgrow.errors import BsgrowError
from bsgrow.files.atomic import IF_FULL
from bsgrow.loading.faults import SKIP_HINT
from bsgrow.recipe import OpenedData, Recipe
from bsgrow.text.command import Command
from bsgrow.training import (
    Event,
    InterruptedRunError,
    RunDirectory,
    RunFinished,
    RunStarted,
    carry_out,
)
from bsgrow.training.process_group import ALONE, ProcessGroup


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
    stop.graceful = False
    try:
        with display(lines=lines) if group.rank == 0 else nothing_shown() as show:

            def on_event(event: Event) -> None:
                stop.graceful = stop.graceful or isinstance(event, RunStarted)
                show(event)

            return carry_out(
                recipe,
                directory,
                resume=resume,
                on_event=on_event,
                should_stop=stop,
                opened=opened,
                group=group,
            )
    except InterruptedRunError as interrupted:
        if group.rank == 0:
            print_error(BsgrowError(interrupted.message, hint=f"go on with: {go_on}"))
    except KeyboardInterrupt:
        hint = f"go on from the last checkpoint with: {go_on}" if stop.graceful else None
        print_error(BsgrowError("stopped at once", hint=hint))
    except BsgrowError as error:
        if directory.is_begun():
            error.hint = _with_command(error.hint, go_on)
        raise
    raise typer.Exit(stop.exit_code)


def _with_command(hint: str | None, go_on: Command) -> str | None:
    """Return a hint of the library with the whole command, where that goes on with the run."""
    if hint == IF_FULL:
        return f"{IF_FULL}, then go on with: {go_on}"
    if hint == SKIP_HINT:
        skipping = go_on.with_overrides("--set", "data.on_error=skip")
        return f"restore the file and go on with: {go_on}; or without the file: {skipping}"
    return hint

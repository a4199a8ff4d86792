"""Carrying out a recipe under a person's eyes: shown while it runs, stopped by a signal."""

import shlex

import typer

from bsgrow.cli.console import print_error
from bsgrow.cli.live import display
from bsgrow.cli.stopping import StopRequest
from bsgrow.errors import BsgrowError
from bsgrow.recipe import Recipe
from bsgrow.training import (
    Event,
    InterruptedRunError,
    RunDirectory,
    RunFinished,
    RunStarted,
    carry_out,
)


def carry_out_stoppable(
    recipe: Recipe,
    directory: RunDirectory,
    resume: bool,
    stop: StopRequest,
    *,
    lines: bool = True,
    go_on: str | None = None,
) -> RunFinished:
    """Carry out a recipe; a signal checkpoints it, says how to go on and exits.

    Args:
        recipe: as written.
        directory: of the run.
        resume: go on with the run in the directory.
        stop: entered; it turns graceful when training begins.
        lines: whether each evaluation leaves a line on stderr.
        go_on: the command that goes on; `bsgrow train --resume` where absent.
    """
    go_on = go_on or f"bsgrow train --resume --out {shlex.quote(str(directory.path))}"
    stop.graceful = False
    try:
        with display(lines=lines) as show:

            def on_event(event: Event) -> None:
                stop.graceful = stop.graceful or isinstance(event, RunStarted)
                show(event)

            return carry_out(recipe, directory, resume=resume, on_event=on_event, should_stop=stop)
    except InterruptedRunError as interrupted:
        print_error(BsgrowError(interrupted.message, hint=f"go on with: {go_on}"))
    except KeyboardInterrupt:
        hint = f"go on from the last checkpoint with: {go_on}" if stop.graceful else None
        print_error(BsgrowError("stopped at once", hint=hint))
    raise typer.Exit(stop.exit_code)

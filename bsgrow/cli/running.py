"""Carrying out a recipe under a person's eyes: shown while it runs, stopped by a signal."""

import typer

from bsgrow.cli.deadline import CarriedOut
from bsgrow.cli.garbage import collect_as_usual
from bsgrow.cli.live import display, nothing_shown
from bsgrow.cli.run_ending import RunEnding
from bsgrow.cli.stopping import StopRequest
from bsgrow.errors import BsgrowError
from bsgrow.recipe import OpenedData, Recipe
from bsgrow.text.command import Command
from bsgrow.training import (
    RunDirectory,
    RunFinished,
    carry_out,
)
from bsgrow.training.emergency import Emergency
from bsgrow.training.group.process_group import ALONE, ProcessGroup


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
    emergency, ending = Emergency(), RunEnding(directory, go_on, stop, group)
    try:
        with (
            display(lines=lines) if group.rank == 0 else nothing_shown() as show,
            stop.carrying_out(CarriedOut(emergency, group, ending.say)),
        ):
            return carry_out(
                *(recipe, directory),
                resume=resume,
                on_event=show,
                should_stop=stop,
                opened=opened,
                group=group,
                emergency=emergency,
            )
    except (KeyboardInterrupt, BsgrowError) as error:
        if not ending.is_said(error):
            raise
    raise typer.Exit(stop.exit_code)

"""Carrying out a recipe under a person's eyes: shown while it runs, stopped by a signal."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

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
from bsgrow.training.events.events import Event
from bsgrow.training.group.process_group import ALONE, ProcessGroup

Show = Callable[[Event], None]


def carry_out_stoppable(
    recipe: Recipe,
    directory: RunDirectory,
    resume: bool,
    stop: StopRequest,
    *,
    go_on: Command,
    show: Callable[[Path], AbstractContextManager[Show]] = display,
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
        show: given where the plan is kept, yields what shows each event, on rank 0.
        opened: the data of a command that carries out several recipes.
        group: the processes that carry it out.
    """
    collect_as_usual()
    emergency, ending = Emergency(), RunEnding(directory, go_on, stop, group)
    try:
        with (
            show(directory.plan) if group.rank == 0 else nothing_shown() as on_event,
            stop.carrying_out(CarriedOut(emergency, group, ending.say)),
        ):
            return carry_out(
                *(recipe, directory),
                resume=resume,
                on_event=on_event,
                should_stop=stop,
                opened=opened,
                group=group,
                emergency=emergency,
            )
    except (KeyboardInterrupt, BsgrowError) as error:
        if not ending.is_said(error):
            raise
    raise typer.Exit(stop.exit_code)

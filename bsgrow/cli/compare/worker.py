"""A process that makes runs of a comparison, one after the other, as the command tells it.

    python -m bsgrow.cli.compare.worker PID

It reads a run a line from stdin, and answers each with a line on stdout; what else is printed, by
it or by code of the user, goes into the file beside the directory of the run. It ends with the
process that started it, with a checkpoint of what it was at.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import typer

from bsgrow.cli.compare.messages import as_line, task_from_dict
from bsgrow.cli.running import Show, carry_out_stoppable
from bsgrow.cli.stopping import StopRequest
from bsgrow.errors import InputError
from bsgrow.experiments.making import Task, make_run
from bsgrow.processes.parent import stop_with
from bsgrow.recipe import OpenedData, Recipe
from bsgrow.text.command import resume_command
from bsgrow.training import RunDirectory, RunFinished
from bsgrow.training.events.events import Event, Progress

Send = Callable[[dict[str, Any]], None]


def main() -> None:
    """Make runs until stdin ends, or a signal comes."""
    stop_with(int(sys.argv[1]))
    opened = OpenedData(runs_code=True)
    with os.fdopen(os.dup(1), "wb", buffering=0) as answers:
        os.dup2(2, 1)
        send = partial(_send, answers)
        try:
            with StopRequest() as stop:
                for line in sys.stdin:
                    send(_answer(task_from_dict(json.loads(line)), stop, opened, send))
        except KeyboardInterrupt:
            sys.exit(stop.exit_code)
        except typer.Exit as ending:
            sys.exit(ending.exit_code)


def log_of(directory: RunDirectory) -> Path:
    """Return the file that takes what is printed while a run is made."""
    return directory.path.with_name(f"{directory.path.name}.log")


def _send(answers: BinaryIO, message: dict[str, Any]) -> None:
    answers.write(as_line(message))


def _answer(task: Task, stop: StopRequest, opened: OpenedData, send: Send) -> dict[str, Any]:
    """Make a run; return why it is not whole, empty where it is."""
    with _printing_to(log_of(task.directory)):
        try:
            failed = make_run(task, partial(_carry_out, stop, opened, send)).failed
        except InputError as error:
            return {"refused": error.message, "hint": error.hint}
        except (BrokenPipeError, typer.Exit):
            raise
        except Exception as error:  # of whatever kind: the other runs go on
            traceback.print_exc()
            failed = f"{type(error).__name__}: {error}"
    return {"failed": failed}


def _carry_out(
    stop: StopRequest, opened: OpenedData, send: Send, recipe: Recipe, directory: RunDirectory
) -> RunFinished:
    return carry_out_stoppable(
        *(recipe, directory, directory.is_begun(), stop),
        go_on=resume_command(directory.path),
        show=partial(_progress, send),
        opened=opened,
    )


@contextmanager
def _progress(send: Send, plan: Path) -> Iterator[Show]:
    """Yield what sends how far a run has come."""

    def show(event: Event) -> None:
        if isinstance(event, Progress):
            left = event.seconds_left
            send({"progress": event.consumed_samples, "seconds_left": left})

    yield show


@contextmanager
def _printing_to(path: Path) -> Iterator[None]:
    """Let what is printed go to a file, at its end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    file = os.open(path, flags, 0o666)
    before = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    try:
        for descriptor in before:
            os.dup2(file, descriptor)
        yield
    finally:
        sys.stderr.flush()
        for descriptor, kept in before.items():
            os.dup2(kept, descriptor)
            os.close(kept)
        os.close(file)


if __name__ == "__main__":
    main()

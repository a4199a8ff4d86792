"""`bsgrow train` in a process of a test, with its main thread stuck where it is told to be."""

import ctypes
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from pkgutil import resolve_name
from unittest import mock

from bsgrow.cli import deadline, main
from tests.training.processes import Killed, started_ranks

SETTINGS = [
    "schedule.epochs=1",
    "schedule.global_batch_size=48",
    "schedule.curve.milestones=[0.3, 0.6]",
    "growth.max_batch_size=140",
    "model={name='wide_resnet', depth=10, width=1}",
    "run.ghost_batch_size=16",
    "run.micro_batch_size=32",
    "run.device=cpu",
    "run.evaluate_every_epochs=0.5",
    "run.checkpoint_every_seconds=1000",
]
SECONDS = 0.2
"""That the main thread has to end by itself, so that no test waits for more."""

PLACES = {
    "warm-up": "bsgrow.training.run.State.warm_up",
    "update": "bsgrow.training.updates.accumulate",
    "evaluation": "bsgrow.training.observers.evaluate",
    "checkpoint": "bsgrow.training.checkpoint.checkpointing.write_checkpoint",
}


def train(folder, words, place=None, number=1, alone=False):
    """Run the command; the main thread is stuck for ever at the call of that number of a place.

    A checkpoint is written all the same, as by a slow disk.
    """
    rank = os.environ["RANK"]
    if alone:
        for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
            del os.environ[name]
    os.chdir(folder)
    for stream in (sys.stdout, sys.stderr):
        file = os.open(f"{stream.name.strip('<>')}-{rank}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, stream.fileno())
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(sys, "argv", ["bsgrow", *words]))
        stack.enter_context(mock.patch.object(deadline, "SECONDS", SECONDS))
        stack.enter_context(mock.patch.object(deadline, "_SECONDS_BEHIND", SECONDS))
        if place is not None:
            stack.enter_context(_stuck_at(place, number, Path(f"stuck-{rank}")))
        main()


def _stuck_at(place, number, marker):
    work, left = resolve_name(PLACES[place]), number

    def call(*arguments, **named):
        nonlocal left
        left -= 1
        if not left:
            marker.touch()
            if place == "checkpoint":
                time.sleep(5 * SECONDS)
            else:
                hang()
        return work(*arguments, **named)

    return mock.patch(PLACES[place], call)


def hang():
    """Wait for ever in C, where no handler of a signal is called."""
    c, lock = ctypes.CDLL(None), ctypes.create_string_buffer(64)
    c.pthread_mutex_init(lock, None)
    c.pthread_mutex_lock(lock)
    c.pthread_mutex_lock(lock)


def exit_codes(results):
    """Return what each process ended with."""
    return [
        each.exit_code if isinstance(each, Killed) else int(each.message or 0) for each in results
    ]


def finished(world_size, folder, *words):
    """Carry a run out, or go on with it, to its end."""
    alone = world_size == 1
    with started_ranks(world_size, train, folder, words, None, 1, alone) as processes:
        return exit_codes(processes.results())


def wait_for(*paths):
    """Wait until files are there."""
    end = time.monotonic() + 60
    while not all(path.exists() for path in paths):
        assert time.monotonic() < end, "not there in time"
        time.sleep(0.02)

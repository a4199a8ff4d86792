"""Peak memory of each way of training, in a process that does nothing else.

In one process, the network, optimizer and data of one way would count as memory of the others.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.resource_tracker import ensure_running
from typing import Any, NoReturn

import torch

from bsgrow.bench.measure import FAILURES, Run
from bsgrow.bench.memory import PeakMemory, watched_memory
from bsgrow.bench.training_job import measurable_job
from bsgrow.bench.training_runs import PLAIN, looped_run, plain_run, sizes_compiled
from bsgrow.processes.signals import blocking_interrupts, handling
from bsgrow.recipe import Recipe
from bsgrow.training.state import State

Peaks = dict[int, PeakMemory]

_STOP_SECONDS = 10.0  # for its workers to end, before the process is killed


def measure_peaks(system: str, recipe: Recipe, batch_sizes: Sequence[int], seconds: float) -> Peaks:
    """Train in one of the ways in a new process; return its peak memory at each global batch.

    The smaller batches come first, as in a run that grows.

    Args:
        system: one of ``training_runs.SYSTEMS``.
        recipe: as resolved; the process makes the job anew.
        batch_sizes: global batches.
        seconds: how long each is trained for.

    Returns:
        By global batch; one that could not be measured is not there.
    """
    context = get_context("spawn")  # a fork would share the memory of this process
    receive, send = context.Pipe(duplex=False)
    arguments = send, system, recipe, sorted(batch_sizes), seconds
    process = context.Process(target=_measure, args=arguments)
    with receive, _running(process):
        send.close()
        return dict(_received(receive))


def _received(receive: Connection) -> Iterator[tuple[int, PeakMemory]]:
    while True:
        try:
            yield receive.recv()
        except EOFError:  # it has ended, one way or another
            return


@contextmanager
def _running(process: BaseProcess) -> Iterator[None]:
    """Run it, and stop it on the way out if it has not ended."""
    with ExitStack() as stack:
        with _signals_put_off(), _ctrl_c_for_us_alone():
            process.start()
            stack.callback(_stop, process)
        yield


def _stop(process: BaseProcess) -> None:
    process.terminate()
    process.join(_STOP_SECONDS)
    process.kill()
    process.join()
    process.close()


@contextmanager
def _signals_put_off() -> Iterator[None]:
    """Let no handler run: halfway, the new process waits for its work and is nobody's child yet."""
    received: list[int] = []
    try:
        with handling(lambda number, frame: received.append(number)):
            yield
    finally:
        for number in received:
            signal.raise_signal(number)


@contextmanager
def _ctrl_c_for_us_alone() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach, which a terminal sends to all alike."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    ensure_running()  # it would let the signal through again
    with blocking_interrupts():
        yield


def _measure(
    send: Connection, system: str, recipe: Recipe, batch_sizes: Sequence[int], seconds: float
) -> None:
    """What the new process does; what goes wrong here does so when rates are measured, too."""
    signal.signal(signal.SIGTERM, _end)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    with suppress(FAILURES):
        _send_peaks(send, system, recipe, batch_sizes, seconds)


def _send_peaks(
    send: Connection, system: str, recipe: Recipe, batch_sizes: Sequence[int], seconds: float
) -> None:
    device, run_at = _made_ready(system, recipe, batch_sizes)
    for size in batch_sizes:
        with watched_memory(device) as watch:
            run_at(size)(seconds)
        send.send((size, watch.peak))


def _made_ready(
    system: str, recipe: Recipe, batch_sizes: Sequence[int]
) -> tuple[torch.device, Callable[[int], Run]]:
    job = measurable_job(recipe)
    if system == PLAIN:
        nothing: Any = None  # our loader may keep the data set on the device
        return job.device, partial(plain_run, replace(job, loader=nothing))
    state = State.initial(job)
    state.warm_up(job, sizes_compiled(batch_sizes, recipe.micro_batch_size))
    return job.device, partial(looped_run, system, job, state)


def _end(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)

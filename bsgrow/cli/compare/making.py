"""Who makes the runs of a comparison: this process, or several of their own."""

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from bsgrow.cli.compare.processes import Pool
from bsgrow.cli.compare.telling import Telling
from bsgrow.cli.live import display
from bsgrow.cli.running import carry_out_stoppable
from bsgrow.cli.stopping import StopRequest
from bsgrow.experiments.comparing import Execute, Report
from bsgrow.experiments.making import Task, make_run
from bsgrow.processes.worker_pool import num_cores
from bsgrow.recipe import OpenedData, Recipe
from bsgrow.text.command import Command
from bsgrow.training import RunDirectory, RunFinished

_AVAILABLE = re.compile(r"^MemAvailable: +(\d+) kB$", re.MULTILINE)
_MEMORY_OF_A_RUN = 3 * 2**29  # bytes: torch, a small network, and a small data set


def executor(jobs: int, opened: OpenedData, telling: Telling) -> Execute:
    """Return what makes so many runs at a time, which a signal stops, and which can go on."""
    again = Command(tuple(sys.argv[1:]))
    if jobs > 1:
        return Pool(jobs, again, telling, num_devices()).make

    def make_here(tasks: Sequence[Task], report: Report) -> None:
        with StopRequest() as stop:
            carry = partial(_carry_out, stop, again, opened)
            for task in tasks:
                report(make_run(task, carry))

    return make_here


def chosen_jobs(tasks: Sequence[Task], wanted: int | None) -> int:
    """Return how many runs are made at a time: as asked, or as the machine allows."""
    if wanted is None:
        wanted = num_devices() if _on_cuda(tasks) else _allowed(tasks)
    return max(1, min(wanted, len(tasks)))


def num_devices() -> int:
    """Return how many CUDA devices there are."""
    import torch

    return torch.cuda.device_count()


def _on_cuda(tasks: Sequence[Task]) -> bool:
    """Whether a run computes on a CUDA device."""
    devices = {task.recipe.run.device.partition(":")[0] for task in tasks}
    return "cuda" in devices or ("auto" in devices and num_devices() > 0)


def _allowed(tasks: Sequence[Task]) -> int:
    threads = max((task.recipe.run.num_threads or 1 for task in tasks), default=1)
    return min(num_cores() // threads, _free_memory() // _MEMORY_OF_A_RUN)


def _free_memory() -> int:
    """Return the bytes of memory that are free, or could be; enough for a run where unknown."""
    with suppress(OSError):
        found = _AVAILABLE.search(Path("/proc/meminfo").read_text())
        return int(found[1]) * 1024 if found else _MEMORY_OF_A_RUN
    return _MEMORY_OF_A_RUN


def _carry_out(
    stop: StopRequest, again: Command, opened: OpenedData, recipe: Recipe, directory: RunDirectory
) -> RunFinished:
    return carry_out_stoppable(
        *(recipe, directory, directory.is_begun(), stop),
        go_on=again,
        show=partial(display, lines=False),
        opened=opened,
    )

"""What one training update spends its time on, at a small and at a large global batch.

The training loop itself is timed, part by part: waiting for the loader, forward, backward,
optimizer, and what is left, its bookkeeping. On CUDA the parts are timed on the device by events
between them, so that nothing waits; the copies from the host run beside them and are listed apart,
as is all that torch's profiler adds: the operators with the most time of their own.

    python benchmarks/profile_update.py [RECIPE] [--set KEY=VALUE ...] [--batches 128,8192]
        [--updates 3] [--seconds 10] [--format table|json]

Without arguments a small wide residual network is trained on images of CIFAR-10's shape: under two
minutes on 2 cores.
"""

import argparse
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import torch
from torch.profiler import ProfilerActivity, profile

from bsgrow.bench.timed_loader import TimedUpdates, bench_updates, warm_up_sizes
from bsgrow.bench.training_job import describe, measurable_job
from bsgrow.loading import Loader, MicroBatch, UpdateBatches
from bsgrow.loading.loader import Faultless
from bsgrow.recipe import load_recipe
from bsgrow.reporting.machine import describe_machine
from bsgrow.schedule import Update
from bsgrow.training import state as state_module
from bsgrow.training import update
from bsgrow.training.job import Job
from bsgrow.training.state import State
from bsgrow.training.updates import updates_made

DEFAULT = ["model={name='wide_resnet', depth=10, width=1}"]
PARTS = ("load", "forward", "backward", "optimizer", "bookkeeping")
NUM_OPERATORS = 8

Marks = list[tuple[str, Any]]
"""Where each part begins: seconds on the host's clock, or events of a CUDA device."""


class Timeline:
    """Says at each moment which part of an update is under way.

    Args:
        device: that computes; a CUDA device has its own clock.
    """

    def __init__(self, device: torch.device) -> None:
        self._on_cuda = device.type == "cuda"
        self._marks: Marks = []

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what is done within to a part, and what comes after it to the bookkeeping."""
        self._marks.append((name, self._mark()))
        try:
            yield
        finally:
            self._marks.append(("bookkeeping", self._mark()))

    def close_update(self) -> Marks:
        """Return the marks of the update that ends here, and begin the next."""
        end = self._mark()
        marks, self._marks = [*self._marks, ("", end)], [("bookkeeping", end)]
        return marks

    def _mark(self) -> float | torch.cuda.Event:
        if not self._on_cuda:
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's
        event.record()
        return event


def seconds_by_part(marks: Marks) -> dict[str, float]:
    """Seconds of each part of an update; the device must be done with it."""
    seconds = dict.fromkeys(PARTS, 0.0)
    for (name, first), (_, second) in pairwise(marks):
        if isinstance(first, torch.cuda.Event):
            seconds[name] += first.elapsed_time(second) / 1000
        else:
            seconds[name] += second - first
    return seconds


@dataclass(frozen=True)
class TimedLoader(Faultless):
    """Hands on updates of one size; what the loop waits is "load"."""

    loader: Loader
    measured: Iterable[Update]
    timeline: Timeline

    def updates(self, updates: Iterable[Update]) -> TimedUpdates:
        """Yield our own updates, not those of the plan."""
        with closing(self.loader.updates(self.measured)) as stream:
            for update, micro_batches in stream:
                yield UpdateBatches(update, self._timed(micro_batches))

    def _timed(self, micro_batches: Iterator[MicroBatch]) -> Iterator[MicroBatch]:
        while True:
            with self.timeline.part("load"):
                micro_batch = next(micro_batches, None)
            if micro_batch is None:
                return
            yield micro_batch


def within(timeline: Timeline, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose calls count to a part."""

    def timed(*args: Any, **kwargs: Any) -> Any:
        with timeline.part(name):
            return function(*args, **kwargs)

    return timed


def updates_timed(job: Job, state: State, size: int) -> Generator[Marks, None, None]:
    """Make updates in the training loop; yields the marks of each, the warm-up first.

    Their learning rate is 0, so that the weights stay what they were.
    """
    recipe = job.recipe
    updates = bench_updates(size, recipe.micro_batch_size, recipe.optimizer.momentum)
    timeline = Timeline(job.device)
    loader: Any = TimedLoader(job.loader, updates, timeline)
    timed = replace(state, forward=within(timeline, "forward", state.forward), num_updates=0)
    backward = within(timeline, "backward", torch.Tensor.backward)
    with (
        patch.object(state_module, "apply", within(timeline, "optimizer", update.apply)),
        patch.object(torch.Tensor, "backward", backward),
        closing(updates_made(replace(job, loader=loader), timed)) as made,
    ):
        for _ in made:
            yield timeline.close_update()


def warmed_up(job: Job, state: State, size: int) -> Generator[Marks, None, None]:
    """Return updates of one size, past those that warm up."""
    updates = updates_timed(job, state, size)
    for _ in warm_up_sizes(size, job.recipe.micro_batch_size):
        next(updates)
    return updates


def timed_parts(
    job: Job, state: State, size: int, num_updates: int, seconds: float
) -> list[dict[str, float]]:
    """Seconds of each part, of as many updates as asked for and as fit the time."""
    marks: list[Marks] = []
    start = time.perf_counter()
    with closing(warmed_up(job, state, size)) as updates:
        while len(marks) < num_updates or time.perf_counter() - start < seconds:
            marks.append(next(updates))
    if job.device.type == "cuda":
        torch.cuda.synchronize(job.device)
    return [seconds_by_part(each) for each in marks]


def operators(job: Job, state: State, size: int) -> tuple[list[dict[str, Any]], float]:
    """The operators of one update with the most time of their own, and the seconds of copies."""
    on_cuda = job.device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_cuda else [])]
    with (
        closing(warmed_up(job, state, size)) as updates,
        profile(activities=activities) as profiler,
    ):
        next(updates)
        if on_cuda:
            torch.cuda.synchronize(job.device)
    found = profiler.key_averages()
    own = "self_device_time_total" if on_cuda else "self_cpu_time_total"
    total = sum(getattr(each, own) for each in found) or 1.0
    largest = sorted(found, key=lambda each: getattr(each, own), reverse=True)[:NUM_OPERATORS]
    copied = sum(each.self_device_time_total for each in found if "HtoD" in each.key)
    rows = [
        {"operator": each.key, "calls": each.count, "share": getattr(each, own) / total}
        for each in largest
    ]
    return rows, copied * 1e-6


def row(size: int, parts: list[dict[str, float]], copied: float) -> dict[str, Any]:
    """The median update, with its spread, and the share of each part in all of them."""
    totals = [sum(each.values()) for each in parts]
    sums: dict[str, float] = defaultdict(float)
    for each in parts:
        for name, seconds in each.items():
            sums[name] += seconds
    return {
        "global_batch_size": size,
        "update_seconds": {
            "min": min(totals),
            "median": statistics.median(totals),
            "max": max(totals),
            "n": len(totals),
        },
        "seconds": {name: statistics.median(each[name] for each in parts) for name in PARTS},
        "share": {name: sums[name] / sum(totals) for name in PARTS},
        "copy_seconds_beside": copied,
    }


def print_table(case: str, rows: list[dict[str, Any]]) -> None:
    """A column for each batch: milliseconds and share of each part; then the operators."""
    print(case)
    for r in rows:
        update = r["update_seconds"]
        print(
            f"\nglobal batch {r['global_batch_size']}: {1e3 * update['median']:.1f} ms an update "
            f"[{1e3 * update['min']:.1f}, {1e3 * update['max']:.1f}], n = {update['n']}"
        )
        for name in PARTS:
            print(f"  {name:<12} {1e3 * r['seconds'][name]:>10.2f} ms {r['share'][name]:>7.2%}")
        print(f"  {'copy':<12} {1e3 * r['copy_seconds_beside']:>10.2f} ms beside the others")
        for each in r["operators"]:
            print(f"    {each['share']:>7.1%}  {each['calls']:>6} × {each['operator']}")


def main() -> None:
    """Profiles each batch, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", nargs="?", help="cifar10-grow with a small network where absent")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--batches", default="128,8192")
    parser.add_argument("--updates", type=int, default=3, help="at least; default 3")
    parser.add_argument("--seconds", type=float, default=10.0, help="at least; default 10")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    settings = [*([] if options.recipe else DEFAULT), *options.set]
    job = measurable_job(load_recipe(options.recipe or "cifar10-grow", settings))
    sizes = [int(size) for size in options.batches.split(",")]
    state = State.initial(job)
    micro = job.recipe.micro_batch_size
    state.warm_up(job, {part for size in sizes for part in warm_up_sizes(size, micro)})
    state.model.train()
    rows = []
    for size in sizes:
        parts = timed_parts(job, state, size, options.updates, options.seconds)
        found, copied = operators(job, state, size)
        rows.append(row(size, parts, copied) | {"operators": found})
    if options.format == "json":
        case = {"case": describe(job), "compiled": job.compiles}
        json.dump(describe_machine() | case | {"rows": rows}, sys.stdout, indent=2)
        print()
    else:
        print_table(describe(job), rows)


if __name__ == "__main__":
    main()

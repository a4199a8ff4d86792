"""How much of the updates next to a change of batch size a device waits for data, as JSON.

A recipe is trained without reports, evaluations or checkpoints. Around each wait for data stand two
marks in the work of the device (see ``UpdateTimes``), and a mark at the end of each update; all are
read after the last one, so that the host runs ahead as it does in a run. Of a change count the last
update before it and the first one after it.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch

from bsgrow.bench.measure import synchronise
from bsgrow.bench.training_job import measurable_job
from bsgrow.recipe import load_recipe
from bsgrow.training.compiled import count_micro_batches, sizes_to_compile
from bsgrow.training.device_clock import Mark, mark, seconds_between
from bsgrow.training.job import Job
from bsgrow.training.state import State
from bsgrow.training.update_times import UpdateTimes, Wait
from bsgrow.training.updates import updates_made

_WARM_UP = 3  # updates, in which libraries choose their kernels


class KeptTimes(UpdateTimes):
    """Keeps the waits for data of each update, and its end.

    Attributes:
        updates: of each the marks of its waits, and that of its end.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        self._waits: list[tuple[Mark, Mark]] = []
        self.updates: list[tuple[list[tuple[Mark, Mark]], Mark]] = []

    def start(self, wait: Wait) -> None:
        """Mark the beginning of a wait."""
        self._kind, self._first = wait, mark(self._device)

    def stop(self) -> None:
        """Mark the end of a wait; that for the others is the last of an update."""
        end = mark(self._device)
        if self._kind is Wait.DATA:
            self._waits.append((self._first, end))

    def end_update(self) -> None:
        """Mark the end of an update."""
        self.updates.append((self._waits, mark(self._device)))
        self._waits = []


def wait_shares(job: Job) -> tuple[list[int], list[float]]:
    """Return the batch of each update of a job, and the share of its time that data took."""
    state = State.initial(job)
    state.warm_up(
        job, sizes_to_compile(count_micro_batches(job.plan, job.share, job.micro_batch_size))
    )
    state.times = times = KeptTimes(job.device)
    state.model.train()
    sizes = []
    for update, _ in updates_made(job, state):
        times.end_update()
        sizes.append(update.global_batch_size)
    synchronise(job.device)
    return sizes[1:], [
        sum(seconds_between(*wait) for wait in waits) / seconds_between(before, end)
        for (_, before), (waits, end) in pairwise(times.updates)
    ]


def at_changes(sizes: Sequence[int], shares: Sequence[float]) -> dict[str, Any]:
    """Return the largest share at each change of batch size, and the median elsewhere."""
    changes, near = [], {*range(_WARM_UP)}
    for after, (size, larger) in enumerate(pairwise(sizes), start=1):
        if size != larger:
            share = max(shares[after - 1 : after + 1])
            changes.append({"from": size, "to": larger, "share": share})
            near |= {after - 1, after}
    others = [share for index, share in enumerate(shares) if index not in near]
    return {"changes": changes, "elsewhere": sorted(others)[len(others) // 2] if others else None}


def main() -> None:
    """Train a recipe, and print what its changes of batch size have waited for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    job = measurable_job(load_recipe(options.recipe, options.set))
    json.dump(at_changes(*wait_shares(job)), sys.stdout)


if __name__ == "__main__":
    main()

"""Slices of the stream of samples that become micro-batches, and runs of them, filled as one."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bsgrow.schedule import Update
from bsgrow.stream import Share


class Slice(NamedTuple):
    """Positions [start, stop) of a stream of samples.

    Attributes:
        start: first position.
        stop: one past the last.
        update: the update that they belong to; None outside training.
    """

    start: int
    stop: int
    update: Update | None = None


Run = list[Slice]


def slices_of(updates: Iterable[Update], micro_batch_size: int) -> Iterator[Slice]:
    """Yield the micro-batches of each update in turn."""
    for update in updates:
        for cut in Share().micro_batches(update.start, update.stop, micro_batch_size):
            yield Slice(cut.start, cut.stop, update)


def slices_in_order(num_samples: int, micro_batch_size: int) -> Iterator[Slice]:
    """Yield the micro-batches of so many samples that belong to no update."""
    for cut in Share().micro_batches(0, num_samples, micro_batch_size):
        yield Slice(cut.start, cut.stop)


def runs_of(slices: Iterable[Slice], num_samples: int) -> Iterator[Run]:
    """Yield whole slices in order, together while they go on from each other and fit.

    Args:
        slices: none empty; taken one by one, one more than is yielded where there still is room.
        num_samples: of a run, at most; a slice that is longer is a run of its own.
    """
    run: Run = []
    start = stop = 0
    for piece in slices:
        if run and (piece.start != stop or piece.stop - start > num_samples):
            yield run
            run = []
        if not run:
            start = piece.start
        stop = piece.stop
        run.append(piece)
        if stop - start >= num_samples:
            yield run
            run = []
    if run:
        yield run

"""Runs of micro-batches that follow each other in the stream, filled as one."""

from collections.abc import Iterable, Iterator

from bsgrow.stream import Cut

Run = list[Cut]


def runs_of(slices: Iterable[Cut], num_samples: int) -> Iterator[Run]:
    """Yield whole micro-batches in order, together while they go on from each other and fit.

    Args:
        slices: none empty; taken one by one, one more than is yielded where there still is room.
        num_samples: of a run, at most; one that is longer is a run of its own.
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

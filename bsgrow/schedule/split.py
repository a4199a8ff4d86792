"""How an update is divided: over ranks, then into micro-batches, always in whole ghost batches."""

from collections.abc import Iterator


def rank_slice(
    start: int, stop: int, ghost_batch_size: int, rank: int, world_size: int
) -> tuple[int, int]:
    """Return the samples of an update that one rank takes.

    The ghost batches of the update are dealt in contiguous runs, the first ranks taking one
    more where they do not divide; so every ghost batch is whole on one rank, for any world size.

    Args:
        start: first sample of the update.
        stop: one past its last sample.
        ghost_batch_size: samples per ghost batch; the last one of the update may be short.
        rank: this process, in [0, world_size).
        world_size: number of processes.

    Returns:
        First sample, and one past the last; equal where the rank has none.
    """
    num_ghosts = -(-(stop - start) // ghost_batch_size)
    share, extra = divmod(num_ghosts, world_size)
    first = rank * share + min(rank, extra)
    last = first + share + (rank < extra)
    first_sample, last_sample = start + first * ghost_batch_size, start + last * ghost_batch_size
    return min(first_sample, stop), min(last_sample, stop)


def micro_slices(start: int, stop: int, micro_batch_size: int) -> Iterator[tuple[int, int]]:
    """Yield the micro-batches of [start, stop) in order; the last one may be short."""
    for first in range(start, stop, micro_batch_size):
        yield first, min(first + micro_batch_size, stop)


def gradient_accumulation_steps(
    global_batch_size: int, ghost_batch_size: int, micro_batch_size: int, world_size: int
) -> int:
    """Return the micro-batches of the busiest rank in one update."""
    start, stop = rank_slice(0, global_batch_size, ghost_batch_size, 0, world_size)
    return -(-(stop - start) // micro_batch_size)

"""How an update is divided: over ranks, then into micro-batches, always in whole ghost batches."""

from collections import Counter
from collections.abc import Iterator

from bsgrow.schedule.plan import Plan


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


def count_micro_batches(plan: Plan, micro_batch_size: int) -> Counter[int]:
    """Return how many micro-batches of each size a plan is cut into, on one rank.

    There is the full one, and one short size for each global batch that it does not divide: at
    most two sizes for each phase, and one for the last update of the run where it is cut. Takes
    the time of the phases, not of their updates.
    """
    counts: Counter[int] = Counter()
    for phase in plan.phases:
        size = phase.global_batch_size
        num_whole, cut = divmod(phase.stop_sample - phase.start_sample, size)
        for update_size, num_updates in ((size, num_whole), (cut, 1)):
            num_full, short = divmod(update_size, micro_batch_size)
            counts[micro_batch_size] += num_full * num_updates
            counts[short] += num_updates
    return Counter({size: num for size, num in counts.items() if size and num})


def gradient_accumulation_steps(
    global_batch_size: int, ghost_batch_size: int, micro_batch_size: int, world_size: int
) -> int:
    """Return the micro-batches of the busiest rank in one update."""
    start, stop = rank_slice(0, global_batch_size, ghost_batch_size, 0, world_size)
    return -(-(stop - start) // micro_batch_size)

"""The loaders that the training loop is measured with: the real one, and one that never loads."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain, repeat

from bsgrow.bench.stretch import Stretch
from bsgrow.loading import MicroBatch
from bsgrow.schedule import Update
from bsgrow.stream import Share

MicroBatches = Generator[MicroBatch, None, None]


def bench_updates(
    global_batch_size: int, micro_batch_size: int, momentum: float
) -> Iterator[Update]:
    """Yield a warm-up update for each size of micro-batch, then updates of one size without end.

    Their learning rate is 0: every update is computed, and the weights stay what they were.
    """
    warm_up = warm_up_sizes(global_batch_size, micro_batch_size)
    sizes, start = chain(warm_up, repeat(global_batch_size)), 0
    for index, size in enumerate(sizes):
        yield Update(index, start, start + size, lr=0.0, momentum=momentum)
        start += size


def warm_up_sizes(global_batch_size: int, micro_batch_size: int) -> list[int]:
    """Return the sizes of micro-batch that an update is cut into, the larger first."""
    cuts = Share().micro_batches(0, global_batch_size, micro_batch_size)
    return sorted({cut.num_samples for cut in cuts}, reverse=True)


class TimedLoader:
    """Hands on micro-batches in place of a job's loader until a stretch of them was timed.

    Args:
        micro_batches: begins the stream; its first updates, one micro-batch each, warm up.
        num_warm_up: how many of them.
        stretch: timed; it is over when the loader ends.
    """

    def __init__(
        self, micro_batches: Callable[[], MicroBatches], num_warm_up: int, stretch: Stretch
    ) -> None:
        self._begin, self._num_warm_up, self._stretch = micro_batches, num_warm_up, stretch

    def micro_batches(self, updates: Iterable[Update]) -> MicroBatches:
        """Yield micro-batches of the stream; the updates of the plan are not what is measured."""
        stretch = self._stretch
        with closing(self._begin()) as micro_batches:
            for _ in range(self._num_warm_up):
                yield next(micro_batches)
            stretch.begin()
            while not stretch.is_over:
                micro_batch = next(micro_batches)
                yield micro_batch
                stretch.add(micro_batch.num_samples)
            stretch.end()


def resident(
    real: MicroBatches, updates: Iterable[Update], micro_batch_size: int, num_sizes: int
) -> MicroBatches:
    """Yield the micro-batches of updates, each size of them always the same one in memory.

    Args:
        real: gives the first of each size, and is closed with the last of these: it, and what it
            made ahead, are none of what is measured.
        updates: as ``bench_updates`` has them, every size before any comes again.
        micro_batch_size: how they are cut.
        num_sizes: how many sizes of micro-batch there are.
    """
    kept: dict[int, MicroBatch] = {}
    with closing(real):
        for update in updates:
            for cut in Share().micro_batches(update.start, update.stop, micro_batch_size):
                if cut.num_samples not in kept:
                    kept[cut.num_samples] = next(real)
                    if len(kept) == num_sizes:
                        real.close()
                micro_batch = kept[cut.num_samples]
                yield micro_batch._replace(update=update, start=cut.start, stop=cut.stop)

"""The loaders that the training loop is measured with: the real one, and one that never loads."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice, repeat

from bsgrow.bench.stretch import Stretch
from bsgrow.loading import MicroBatch, UpdateBatches, by_update
from bsgrow.loading.loader import Faultless
from bsgrow.schedule import Update
from bsgrow.stream import Cut, Share

TimedUpdates = Generator[UpdateBatches, None, None]


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


class StretchOverError(Exception):
    """A stretch ended within an update, which is not to be applied."""


class TimedLoader(Faultless):
    """Hands on updates in place of a job's loader until a stretch of them was timed.

    Args:
        begin: begins the updates; the first, one micro-batch each, warm up.
        num_warm_up: how many of them.
        stretch: timed; it is over when the loader ends.
    """

    def __init__(
        self, begin: Callable[[], TimedUpdates], num_warm_up: int, stretch: Stretch
    ) -> None:
        self._begin, self._num_warm_up, self._stretch = begin, num_warm_up, stretch

    def updates(self, updates: Iterable[Update]) -> TimedUpdates:
        """Yield what was begun; updates of the plan are not what is measured.

        Raises:
            StretchOverError: within an update, where a micro-batch was asked for.
        """
        with closing(self._begin()) as begun:
            yield from islice(begun, self._num_warm_up)
            self._stretch.begin()
            for update, micro_batches in begun:
                yield UpdateBatches(update, self._timed(micro_batches))
                if self._stretch.is_over:
                    break
            self._stretch.end()

    def _timed(self, micro_batches: Iterable[MicroBatch]) -> Iterator[MicroBatch]:
        for micro_batch in micro_batches:
            yield micro_batch
            self._stretch.add(micro_batch.num_samples)
            if not micro_batch.is_last and self._stretch.is_over:
                self._stretch.end()
                raise StretchOverError


def resident(
    real: Generator[MicroBatch, None, None],
    updates: Iterable[Update],
    micro_batch_size: int,
    num_sizes: int,
) -> TimedUpdates:
    """Yield updates whose micro-batches of one size are always the same one in memory.

    Args:
        real: gives the first of each size, and is closed with the last of these: it, and what it
            made ahead, are none of what is measured.
        updates: as ``bench_updates`` has them, every size before any comes again.
        micro_batch_size: how they are cut.
        num_sizes: how many sizes of micro-batch there are.
    """
    kept: dict[int, MicroBatch] = {}

    def made(cuts: Iterable[Cut]) -> Generator[MicroBatch, None, None]:
        with closing(real):
            for cut in cuts:
                if cut.num_samples not in kept:
                    kept[cut.num_samples] = next(real)
                    if len(kept) == num_sizes:
                        real.close()
                yield kept[cut.num_samples]._replace(**cut._asdict())

    return by_update(updates, Share(), micro_batch_size, made)

"""What training asks of a loader, whatever the samples come from."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from functools import lru_cache, partial
from itertools import islice, tee
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, Protocol, cast

from torch import Tensor

from bsgrow.data import SampleError
from bsgrow.schedule import Update
from bsgrow.stream import Cut, Share

if TYPE_CHECKING:
    from types import GeneratorType

WHOLE: Final = Share()
"""The share of a process that is alone: all of every update."""


class MicroBatch(NamedTuple):
    """Samples [start, stop) of an update, ready for one forward and backward pass.

    Attributes:
        start: first position in the stream of samples.
        stop: one past the last.
        images: [n, C, H, W], normalised, on the device of the loader.
        labels: int64 [n]; where samples are mixed, float32 [n, num_classes], the shares of classes.
        weight: its samples ÷ those of the whole update, of all ranks together.
        is_last: whether it is the last one that this rank has of the update.
    """

    start: int
    stop: int
    images: Tensor
    labels: Tensor
    weight: float
    is_last: bool

    @property
    def num_samples(self) -> int:
        """Samples in it."""
        return self.stop - self.start


_NUM_SAMPLES: Final = attrgetter("num_samples")


class UpdateBatches(NamedTuple):
    """An update, and what this rank has of it.

    Attributes:
        update: as the plan has it.
        micro_batches: none where the rank's share is empty; what is left of them when the next
            update is asked for is dropped.
    """

    update: Update
    micro_batches: Iterator[MicroBatch]


class Loader(Protocol):
    """Cuts the endless stream of samples into micro-batches, fetched ahead of their use."""

    @property
    def num_skipped(self) -> int:
        """Samples that could not be read and were replaced, so far; 0 where that is an error.

        Those of an update that was given up and is made again count once.
        """

    @property
    def num_test_skipped(self) -> int:
        """The same of the held-out samples, in the share of the latest evaluation."""

    @property
    def may_fail_midway(self) -> bool:
        """Whether a sample that cannot be read may end an update half way."""

    def take_faults(self) -> list[SampleError]:
        """Return what was wrong with samples left out since the last call, once for each."""

    def updates(self, updates: Iterable[Update]) -> Generator[UpdateBatches, None, None]:
        """Yield every update in order, with the micro-batches of this rank's share of it.

        They are fetched ahead across the ends of updates. Closing the generator drops what was
        fetched ahead; what it yielded stays as it is.
        """

    def evaluation(self, share: Share = WHOLE) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield a share of the held-out samples in order, not augmented.

        The shares of all ranks are all samples, each once. They are cut as an update is.

        Args:
            share: what is wanted of them; of none, nothing is yielded.

        Yields:
            Images [n, C, H, W] and labels [n].
        """

    def with_micro_batch_size(self, size: int) -> "Loader":
        """Return the same loader cut into micro-batches of another size.

        For when memory ran out: what it counts and what it has reported carries on, and memory of
        the old size is let go. End what the old loader yields first, and use it no more.

        Raises:
            ValueError: the size is not one or more whole ghost batches.
        """


class Faultless:
    """The part of a loader that says of samples that are in memory: none can be bad."""

    num_skipped: ClassVar[int] = 0
    num_test_skipped: ClassVar[int] = 0
    may_fail_midway: ClassVar[bool] = False

    def take_faults(self) -> list[SampleError]:
        """Return nothing."""
        return []


def cuts_of(updates: Iterable[Update], share: Share, micro_batch_size: int) -> Iterator[Cut]:
    """Yield a rank's micro-batches of each update in turn; an empty one where it has no sample."""
    for update in updates:
        cut = None
        for cut in share.micro_batches(update.start, update.stop, micro_batch_size):
            yield cut
        if cut is None:
            yield Cut(update.stop, update.stop, 0.0, is_last=True)


def by_update(
    updates: Iterable[Update],
    share: Share,
    micro_batch_size: int,
    make: Callable[[Iterator[Cut]], Generator[MicroBatch, None, None]],
) -> Generator[UpdateBatches, None, None]:
    """Yield every update with its micro-batches, of one stream that is made across their ends.

    Args:
        updates: in order; read as far ahead as ``make`` looks.
        share: what this rank takes of each.
        micro_batch_size: samples of a full micro-batch.
        make: yields the micro-batch of each cut, in order; closed when this generator is. What it
            raises comes where a micro-batch is asked for. Cuts of no samples keep the place of
            updates of which the rank has none, so that it looks ahead past them as time goes on;
            their micro-batches are left out.

    Raises:
        RuntimeError: an update is asked for after that.
    """
    num_of = lru_cache(partial(share.num_micro_batches, 0))  # sizes are few, updates many
    mine, ahead = tee(updates)
    made = make(cuts_of(ahead, share, micro_batch_size))
    with closing(cast("GeneratorType[MicroBatch, None, None]", made)) as stream:
        for update in mine:
            num_cuts = max(1, num_of(update.stop - update.start, micro_batch_size))
            micro_batches = filter(_NUM_SAMPLES, islice(stream, num_cuts))
            yield UpdateBatches(update, micro_batches)
            deque(micro_batches, maxlen=0)  # what was left of them
            if stream.gi_frame is None:  # it has ended
                raise RuntimeError("the stream of micro-batches ended before its updates did")


def micro_batches_of(
    loader: Loader, updates: Iterable[Update]
) -> Generator[MicroBatch, None, None]:
    """Yield the micro-batches of all updates in order, for whom their ends are nothing."""
    with closing(loader.updates(updates)) as stream:
        for each in stream:
            yield from each.micro_batches

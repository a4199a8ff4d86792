"""What training asks of a loader, whatever the samples come from."""

from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple, Protocol

from torch import Tensor

from bsgrow.schedule import Update


class MicroBatch(NamedTuple):
    """Samples [start, stop) of an update, ready for one forward and backward pass.

    Attributes:
        update: the update that they belong to.
        start: first position in the stream of samples.
        stop: one past the last.
        images: [n, C, H, W], normalised, on the device of the loader.
        labels: int64 [n].
    """

    update: Update
    start: int
    stop: int
    images: Tensor
    labels: Tensor

    @property
    def num_samples(self) -> int:
        """Samples in it."""
        return self.stop - self.start

    @property
    def closes_update(self) -> bool:
        """Whether the parameters are updated after this one."""
        return self.stop == self.update.stop


class Loader(Protocol):
    """Cuts the endless stream of samples into micro-batches, fetched ahead of their use."""

    @property
    def num_skipped(self) -> int:
        """Samples that could not be read and were replaced, so far; 0 where that is an error."""

    @property
    def num_test_skipped(self) -> int:
        """The same of the held-out samples, in the latest evaluation."""

    def micro_batches(self, updates: Iterable[Update]) -> Generator[MicroBatch, None, None]:
        """Yield the micro-batches of the updates in order, fetched ahead across their ends.

        Closing the generator drops what was fetched ahead; what it yielded stays as it is.
        """

    def evaluation(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the held-out samples in order, not augmented: images [n, C, H, W], labels [n]."""

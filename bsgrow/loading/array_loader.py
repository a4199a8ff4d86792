"""Micro-batches of an in-memory data set, cut from the stream of samples as the plan says."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from copy import copy
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Self

from torch import Tensor

from bsgrow.data import ArrayDataset
from bsgrow.loading.loader import WHOLE, Faultless, MicroBatch, UpdateBatches, by_update
from bsgrow.loading.settings import BatchSpec, LoaderSettings
from bsgrow.loading.side_stream import Tensors
from bsgrow.loading.staging import DEFAULT_PREFETCH_BYTES, Fill, Staged, Staging
from bsgrow.native import load_batch_async
from bsgrow.schedule import Update
from bsgrow.stream import Cut, Share


def host_fill(spec: BatchSpec, prefetch_bytes: int = DEFAULT_PREFETCH_BYTES) -> Fill:
    """Return what fills micro-batches in the background, as :class:`Staging` has it.

    Args:
        spec: what is wanted.
        prefetch_bytes: host memory to fill ahead.

    Raises:
        InputError: prefetch_bytes is negative.
    """
    settings, load = spec.settings, spec.load_by(load_batch_async, spec.arguments)
    staging = Staging(spec.layout, settings.micro_batch_size, settings.device, prefetch_bytes)

    def fill(cuts: Iterable[Cut], micro_batch_size: int) -> Staged[Cut]:
        return replace(staging, micro_batch_size=micro_batch_size).batches(cuts, load)

    return fill


@dataclass(frozen=True)
class ArrayLoader(Faultless):
    """Cuts the endless stream of samples into the micro-batches of a plan.

    The micro-batch has one size whatever the global batch: growing the batch changes how many
    there are and nothing else. Order and augmentation depend on the seed and the position alone.
    Where micro-batches are made is for the fill to say, and shows in nothing that they hold.

    Attributes:
        dataset: the samples.
        settings: what becomes of them.
        make_fill: ``host_fill``, ``resident_fill``, ``streamed_fill``, or a partial of one.

    Raises:
        InputError: an option of the fill is out of range.
        DoesNotFitError: it keeps the data set on the device, which has no room for it.
    """

    dataset: ArrayDataset
    settings: LoaderSettings
    make_fill: Callable[[BatchSpec], Fill] = host_fill
    _train: Fill = field(init=False, repr=False, compare=False)
    _test: Fill = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, is_training in (("_train", True), ("_test", False)):
            fill = self.make_fill(BatchSpec(self.dataset, self.settings, is_training))
            object.__setattr__(self, name, fill)

    def updates(self, updates: Iterable[Update]) -> Generator[UpdateBatches, None, None]:
        """Yield every update in order with its micro-batches, fetched ahead across their ends.

        Ended, closed or dropped, it drops what was begun; what it yielded stays as it is.
        """
        settings = self.settings
        return by_update(updates, settings.share, settings.micro_batch_size, self._micro_batches)

    def evaluation(self, share: Share = WHOLE) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield a share of the held-out samples in order, not augmented, as (images, labels)."""
        size = self.settings.micro_batch_size
        cuts = share.micro_batches(0, len(self.dataset.test), size)
        with closing(self._test(cuts, size)) as batches:
            yield from map(itemgetter(1), batches)

    def with_micro_batch_size(self, size: int) -> Self:
        """Return the loader for micro-batches of another size.

        What lies on a device is shared by both. Raises ValueError as ``Share.micro_batches``.
        """
        other = copy(self)
        object.__setattr__(other, "settings", self.settings.with_micro_batch_size(size))
        return other

    def _micro_batches(self, cuts: Iterable[Cut]) -> Generator[MicroBatch, None, None]:
        with closing(self._train(cuts, self.settings.micro_batch_size)) as batches:
            yield from map(_micro_batch, batches)


def _micro_batch(batch: tuple[Cut, Tensors]) -> MicroBatch:
    (start, stop, weight, is_last), (images, labels) = batch
    return MicroBatch(start, stop, images, labels, weight, is_last)

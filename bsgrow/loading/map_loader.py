"""Micro-batches of a map-style data set of the user, over PyTorch's DataLoader and its workers."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, get_worker_info
from torch.utils.data import Dataset as TorchDataset

from bsgrow.data.map_style.dataset import MapDataset, MapSplit
from bsgrow.data.map_style.item import Item, ItemError, checked_item
from bsgrow.data.sample_form import SampleForm
from bsgrow.errors import InputError
from bsgrow.loading.batch_sampler import batches, read
from bsgrow.loading.loader import WHOLE, Faultless, MicroBatch, UpdateBatches, by_update
from bsgrow.loading.settings import LoaderSettings
from bsgrow.native import Augment
from bsgrow.schedule import Update
from bsgrow.stream import Cut, SampleIndex, SampleStream, Share, torch_sample_rng
from bsgrow.text.printable import shown
from bsgrow.user_code.errors import UserCodeError, as_users_error


@dataclass(frozen=True)
class _Failed:
    """What went wrong with a sample, in words, as it comes from a worker."""

    message: str
    hint: str
    is_raised: bool


class _Items(TorchDataset[Item | _Failed]):
    """The items of a split, checked; an error of the user's code becomes words where it arose."""

    def __init__(self, split: MapSplit, dataset: MapDataset) -> None:
        self._split, self._form = split, dataset.form
        self._num_classes, self._where = dataset.num_classes, f"data.name = {shown(dataset.name)}"

    def __getitem__(self, index: SampleIndex) -> Item | _Failed:
        place = SampleIndex(self._split.place(index), index.epoch)
        where = f"{self._where}: item {place}"
        try:
            item = checked_item(self._split.source[place])
            if item.form != self._form:
                raise ItemError(f"is {item.form}, and the first is {self._form}")
            if (highest := np.max(item.label)) >= self._num_classes:
                raise ItemError(f"its label is {highest}, of {self._num_classes} classes")
        except ItemError as error:
            return _Failed(f"{where}: {error}", error.hint, is_raised=False)
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:
            told = as_users_error(where, error)
            return _Failed(told.message, told.hint or "", is_raised=True)
        return item


@dataclass(frozen=True)
class MapLoader(Faultless):
    """Cuts the stream of samples of a map-style data set into the micro-batches of a plan.

    Each item is asked for by a ``bsgrow.SampleIndex``, which knows its epoch. Which items, and in
    which order, no number of workers changes.

    Attributes:
        dataset: the samples.
        settings: as many threads of them as there are, so many workers read; one reads beside
            nothing else.

    Raises:
        InputError: an augmentation is asked for, which is the data set's own affair.
    """

    dataset: MapDataset
    settings: LoaderSettings

    def __post_init__(self) -> None:
        if self.settings.augment != Augment():
            raise InputError(
                f"augment: has no effect with data.name = {shown(self.dataset.name)}, whose items "
                "are taken as they are",
                hint="augment in the data set, and leave out all but augment.erase, augment.mixup "
                "and augment.cutmix: --set 'augment={}'",
            )

    def updates(self, updates: Iterable[Update]) -> Generator[UpdateBatches, None, None]:
        """Yield every update in order with its micro-batches, fetched ahead across their ends.

        Raises:
            InputError: an item is no input and label, or of another shape.
            UserCodeError: the data set raised an error.
        """
        settings = self.settings
        return by_update(updates, settings.share, settings.micro_batch_size, self._micro_batches)

    def evaluation(self, share: Share = WHOLE) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield a share of the held-out samples in order, as (inputs, labels)."""
        split = self.dataset.test
        cuts = share.micro_batches(0, len(split), self.settings.micro_batch_size)
        for _, images, labels in self._batches(split, cuts, shuffle=False):
            yield images, labels

    def with_micro_batch_size(self, size: int) -> Self:
        """Return the loader for micro-batches of another size.

        Raises ValueError as ``Share.micro_batches``.
        """
        return replace(self, settings=self.settings.with_micro_batch_size(size))

    def _micro_batches(self, cuts: Iterable[Cut]) -> Generator[MicroBatch, None, None]:
        for cut, images, labels in self._batches(self.dataset.train, cuts, shuffle=True):
            yield MicroBatch(cut.start, cut.stop, images, labels, cut.weight, cut.is_last)

    def _batches(
        self, split: MapSplit, cuts: Iterable[Cut], *, shuffle: bool
    ) -> Iterator[tuple[Cut, Tensor, Tensor]]:
        """Yield cuts and what is in them; those of no samples take no reading."""
        settings = self.settings
        stream = SampleStream(len(split), settings.seed, shuffle)

        num_workers = _num_workers(settings)

        def reader_of(ahead: Iterator[Cut]) -> DataLoader[Item | _Failed]:
            found = batches(stream, ahead, with_epochs=True, by_workers=num_workers > 0)
            return self._reader(split, found, num_workers)

        form = self.dataset.form
        dtype = torch.int64 if form.is_integer else torch.float32
        labels = torch.empty(0, *form.label_shape, dtype=torch.int64)
        empty = torch.empty(0, *form.shape, dtype=dtype), labels
        for content, cut in read(cuts, reader_of):
            yield cut, *self._on_device(empty if content is None else content)

    def _reader(
        self, split: MapSplit, found: Iterator[Sequence[int]], num_workers: int
    ) -> DataLoader[Item | _Failed]:
        settings = self.settings
        return DataLoader(
            _Items(split, self.dataset),
            batch_sampler=found,  # type: ignore[arg-type]
            collate_fn=_collated,
            num_workers=num_workers,
            pin_memory=settings.device.type == "cuda",
            generator=torch_sample_rng(settings.seed, 0, settings.share.rank),
        )

    def _on_device(self, content: "tuple[Tensor, Tensor] | _Failed") -> tuple[Tensor, Tensor]:
        if isinstance(content, _Failed):
            kind = UserCodeError if content.is_raised else InputError
            raise kind(content.message, content.hint)
        settings, (inputs, labels) = self.settings, content
        inputs = inputs.to(settings.device, non_blocking=True)
        if not self.dataset.form.is_integer:
            layout = layout_of(self.dataset.form, settings.memory_format)
            inputs = inputs.to(settings.dtype, memory_format=layout)
        if content[0].dtype == torch.uint8:
            inputs = inputs / 255
        return inputs, labels.to(settings.device, non_blocking=True)


def layout_of(form: SampleForm, wanted: torch.memory_format) -> torch.memory_format:
    """Return the layout of inputs in memory: images are laid out as wanted."""
    return wanted if form.is_image else torch.contiguous_format


def _num_workers(settings: LoaderSettings) -> int:
    if settings.num_workers is not None:
        return settings.num_workers
    return settings.num_threads if settings.num_threads > 1 else 0


def _collated(items: Sequence[Item | _Failed]) -> tuple[Tensor, Tensor] | _Failed:
    """Put the items of a micro-batch together, or return what is wrong with the first bad one."""
    for item in items:
        if isinstance(item, _Failed):
            return item
    inputs = torch.from_numpy(np.stack([item.input for item in items if isinstance(item, Item)]))
    labels = torch.from_numpy(np.stack([item.label for item in items if isinstance(item, Item)]))
    if get_worker_info() is not None:
        # Where that fails on the way, torch drops the micro-batch, which is waited for in vain.
        for tensor in (inputs, labels):
            tensor.untyped_storage().share_memory_()
    return inputs, labels

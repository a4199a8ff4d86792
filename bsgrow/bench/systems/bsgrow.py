"""bsgrow itself, as training uses it, and its kernel alone."""

from collections.abc import Generator, Iterator
from functools import partial
from itertools import count, repeat
from typing import Any

import torch

from bsgrow.bench.photographs import photograph_dataset
from bsgrow.bench.source import Batch, Source, UnavailableError
from bsgrow.bench.systems.ring import host_ring
from bsgrow.bench.systems.system import System
from bsgrow.bench.work import ArrayWork, BufferWork, JpegWork, Work
from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading import (
    Loader,
    LoaderSettings,
    MicroBatch,
    choose_decoder,
    make_loader,
    micro_batches_of,
)
from bsgrow.loading.encoded_loader import NUM_HELD, SAMPLES_AHEAD
from bsgrow.loading.layout import as_buffer
from bsgrow.native import Augment, load_batch
from bsgrow.schedule import Update


def endless_updates(global_batch_size: int) -> Iterator[Update]:
    """Return updates of one size, one after the other from the start of the stream."""
    size = global_batch_size
    return map(Update, count(), count(0, size), count(size, size), repeat(0.0), repeat(0.0))


def _open_array(work: ArrayWork) -> Source:
    loader = _array_loader(work)
    # Each slot of a ring is written once before the clock runs: memory is made at first touch.
    ring = host_ring(work)
    num_ahead = ring.num_slots * (ring.slot_samples // work.slice_size)
    return Source(partial(_micro_batches, work, loader), num_ahead)


def _array_loader(work: ArrayWork) -> Loader:
    split = ArraySplit(work.images, work.labels)
    num_classes = int(work.labels.max()) + 1
    dataset = ArrayDataset("bench", split, split, num_classes, work.mean, work.std, "")
    return make_loader(dataset, _settings(work, _num_background(work), augment=work.augment))


def _settings(work: Work, num_threads: int, **options: Any) -> LoaderSettings:
    return LoaderSettings(
        micro_batch_size=work.slice_size,
        device=work.device,
        seed=work.seed,
        dtype=work.dtype,
        memory_format=work.memory_format,
        num_threads=num_threads,
        **options,
    )


def _num_background(work: Work) -> int:
    """Threads beside whoever waits for a batch, who takes part and has nothing else to do here.

    One at least: with one thread in all, bsgrow has two.
    """
    return max(1, work.num_threads - 1)


def _open_jpeg(work: JpegWork) -> Source:
    dataset = photograph_dataset(work.folder, work.mean, work.std)
    by_dali = choose_decoder("auto", work.device) == "dali"  # which lets nobody take part
    num_threads = work.num_threads if by_dali else _num_background(work)
    crops = {
        "crop": ResizedCrop(work.size, work.scale, work.ratio),
        "centre_crop": CentreCrop(work.size, work.size),
    }
    loader = make_loader(dataset, _settings(work, num_threads, augment=Augment(flip=True), **crops))
    # All memory of the loader is written once before the clock runs, as that of its ring above.
    num_ahead = -(-2 * SAMPLES_AHEAD // work.slice_size) + NUM_HELD
    return Source(partial(_micro_batches, work, loader), num_ahead)


def _micro_batches(work: Work, loader: Loader) -> Generator[MicroBatch, None, None]:
    return micro_batches_of(loader, endless_updates(work.global_batch_size))


def _open_buffer(work: BufferWork) -> Source:
    if work.on_cuda:
        raise UnavailableError("the one buffer is of host memory")
    shape = (work.slice_size, *work.image_shape)
    images = torch.zeros(shape, dtype=work.dtype).contiguous(memory_format=work.memory_format)
    return Source(partial(_load_into, work, images))


def _load_into(work: BufferWork, images: torch.Tensor) -> Generator[Batch, None, None]:
    out_images, out_labels = as_buffer(images), torch.zeros(len(images), dtype=torch.int64).numpy()
    for start in count(0, len(images)):
        load_batch(
            work.images,
            work.labels,
            seed=work.seed,
            start=start,
            stop=start + len(images),
            augment=work.augment,
            mean=work.mean,
            std=work.std,
            out_images=out_images,
            out_labels=out_labels,
            num_threads=work.num_threads,
        )
        yield Batch(len(images), images)


BSGROW = System("bsgrow", {ArrayWork: _open_array, BufferWork: _open_buffer, JpegWork: _open_jpeg})

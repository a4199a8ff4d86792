"""The works that `bsgrow bench loader` measures, made from what a user asks for."""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bsgrow.bench.photographs import Photographs
from bsgrow.bench.work import ArrayWork, BufferWork, JpegWork, Work
from bsgrow.data.encoded.spec import PHOTOGRAPH_MEAN, PHOTOGRAPH_STD
from bsgrow.errors import InputError
from bsgrow.native import Augment
from bsgrow.training.device import resolve_device, use_device

NUM_IMAGES = 50_000  # as CIFAR has
_STATISTICS = 1000  # images that mean and std are taken over: the pixels are uniform


@dataclass(frozen=True)
class Delivery:
    """What the batches are to be like, as a user writes it.

    Attributes:
        batch_sizes: global batches.
        scratch: an empty folder.
        micro_batch_size: what bsgrow delivers at a time; None for the whole batch.
        dtype: ``float32``, ``float16`` or ``bfloat16``.
        memory_format: ``contiguous`` or ``channels_last``.
        device: as ``run.device`` in a recipe.
        num_threads: of each system; None for as many as torch takes.
    """

    batch_sizes: Sequence[int]
    scratch: Path
    micro_batch_size: int | None = None
    dtype: str = "float32"
    memory_format: str = "contiguous"
    device: str = "auto"
    num_threads: int | None = None

    def resolved(self) -> dict[str, Any]:
        """Return the fields that all works share, resolved; the device becomes the current one.

        Raises:
            InputError: the device is not there.
        """
        device = resolve_device(self.device, "--device")
        use_device(device)
        formats = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
        return {
            "scratch": self.scratch,
            "micro_batch_size": self.micro_batch_size,
            "dtype": getattr(torch, self.dtype),
            "memory_format": formats[self.memory_format],
            "device": device,
            "num_threads": self.num_threads or torch.get_num_threads(),
        }


def array_works(
    delivery: Delivery, shape: tuple[int, int, int], augment: Augment
) -> Iterator[Work]:
    """Yield the work on random pixels in memory for each batch size, in two cases.

    The second writes always to one buffer of the whole batch, in host memory.

    Args:
        delivery: what the batches are to be like.
        shape: (C, H, W) of an image.
        augment: what is done to it.

    Raises:
        InputError: the padding does not fit the shape, the images do not fit into memory, or the
            device is not there.
    """
    num_images = max(NUM_IMAGES, *delivery.batch_sizes)
    _check_pad(augment.pad, shape)
    _check_memory(num_images, shape)
    common = delivery.resolved()
    common |= _random_images(num_images, shape)
    kinds = (ArrayWork, BufferWork) if common["device"].type == "cpu" else (ArrayWork,)
    for size in delivery.batch_sizes:
        for kind in kinds:
            yield kind(augment=augment, global_batch_size=size, **common)


def jpeg_works(delivery: Delivery, photographs: Photographs) -> Iterator[Work]:
    """Yield the work on JPEG files for each batch size.

    Raises:
        InputError: a batch is larger than the number of files, or the device is not there.
    """
    num_files, largest = len(photographs.files), max(delivery.batch_sizes)
    if num_files < largest:
        raise InputError(
            f"--batch-sizes {largest}: there are {num_files} photographs in {photographs.folder}",
            hint=f"a batch holds different ones: take {num_files} or less",
        )
    common = photographs._asdict() | delivery.resolved()
    for size in delivery.batch_sizes:
        yield JpegWork(mean=PHOTOGRAPH_MEAN, std=PHOTOGRAPH_STD, global_batch_size=size, **common)


def _random_images(num_images: int, shape: tuple[int, int, int]) -> dict[str, Any]:
    """As many as fill the largest batch: some loaders drop what does not fill one."""
    random, channels = np.random.default_rng(0), shape[0]
    images = random.integers(0, 256, (num_images, *shape), np.uint8)
    some = images[:_STATISTICS] / 255
    return {
        "images": images,
        "labels": random.integers(0, 10, num_images, np.int64),
        "mean": (float(some.mean()),) * channels,
        "std": (float(some.std()),) * channels,
    }


def _check_pad(pad: int, shape: tuple[int, int, int]) -> None:
    if pad >= min(shape[1:]):
        raise InputError(
            f"--pad {pad}: the images are {shape[1]}x{shape[2]} pixels",
            hint=f"at most {min(shape[1:]) - 1} pixels can be added on each side",
        )


def _check_memory(num_images: int, shape: tuple[int, int, int]) -> None:
    """Half of it: what is delivered takes its share too."""
    num_bytes = num_images * math.prod(shape)
    if num_bytes > os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2:
        written = "x".join(map(str, shape))
        largest = f"--batch-sizes {num_images}, " if num_images > NUM_IMAGES else ""
        raise InputError(
            f"{largest}--shape {written}: {num_images} such images take "
            f"{num_bytes / 2**30:,.0f} GiB, over half of this machine's memory",
            hint=f"take smaller images or batches; {NUM_IMAGES} images are the least",
        )

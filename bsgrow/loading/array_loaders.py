"""Which loader serves an in-memory data set on a device, and why."""

import logging
from dataclasses import dataclass
from typing import Literal

import torch

from bsgrow.data import ArrayDataset
from bsgrow.loading.array_loader import ArrayLoader
from bsgrow.loading.device_array_loader import DeviceArrayLoader, DoesNotFitError, num_bytes
from bsgrow.loading.loader import Loader
from bsgrow.loading.streamed_array_loader import StreamedArrayLoader
from bsgrow.native import Augment, cuda

RESIDENT_FRACTION = 0.5
"""Of the device memory that is free before a model is there: what a data set may take."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """Where micro-batches are made.

    Attributes:
        place: `host`, by native threads, and copied where they are wanted; `resident`, on the
            device, which keeps the data set; `streamed`, on the device, to which samples are sent.
        reason: in words.
    """

    place: Literal["host", "resident", "streamed"]
    reason: str


def choose_place(
    dataset_bytes: int,
    free_bytes: int | None,
    unavailable: str | None,
    *,
    resident_fraction: float = RESIDENT_FRACTION,
) -> Choice:
    """Choose where micro-batches are made.

    Args:
        dataset_bytes: of images and labels.
        free_bytes: of the device's memory; None for the CPU.
        unavailable: why the kernel cannot run on the device; None where it can.
        resident_fraction: of free_bytes that the data set may take.
    """
    if free_bytes is None:
        return Choice("host", "the device is the CPU")
    if unavailable:
        return Choice("host", unavailable)
    sizes = f"{dataset_bytes / 2**20:.0f} MiB, with {free_bytes / 2**20:.0f} MiB free on the device"
    if dataset_bytes <= resident_fraction * free_bytes:
        return Choice("resident", f"the data set takes {sizes}")
    return Choice("streamed", f"the data set takes {sizes}: over {resident_fraction:g} of it")


def choose_array_loader(
    dataset: ArrayDataset,
    augment: Augment,
    *,
    seed: int,
    micro_batch_size: int,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    memory_format: torch.memory_format = torch.contiguous_format,
    num_threads: int = 1,
    resident_fraction: float = RESIDENT_FRACTION,
) -> Loader:
    """Return the loader that suits the device; what it yields is the same whichever it is.

    The choice and its reason are logged; as a warning where the host serves a CUDA device.

    Args:
        dataset: the samples.
        augment: what happens to each training sample.
        seed: seed of order and augmentation.
        micro_batch_size: samples per micro-batch, a multiple of the ghost batch.
        device: where the micro-batches are wanted.
        dtype: float32, float16 or bfloat16.
        memory_format: torch.contiguous_format or torch.channels_last.
        num_threads: native threads, where the host takes part.
        resident_fraction: of the free device memory that the data set may take; 0 streams it.
    """
    on_cuda = device.type == "cuda"
    choice = choose_place(
        num_bytes(dataset),
        torch.cuda.mem_get_info(device)[0] if on_cuda else None,
        cuda.why_unavailable(_index_of(device)) if on_cuda else None,
        resident_fraction=resident_fraction,
    )
    level = logging.WARNING if on_cuda and choice.place == "host" else logging.INFO
    _log.log(level, "micro-batches: %s, since %s", choice.place, choice.reason)
    batches = (dataset, augment, seed, micro_batch_size, device, dtype, memory_format)
    if choice.place == "resident":
        try:
            return DeviceArrayLoader(*batches)
        except DoesNotFitError as error:  # someone else took the memory since
            _log.warning("micro-batches: streamed, since %s", error)
    if choice.place == "host":
        return ArrayLoader(*batches, num_threads=num_threads)
    return StreamedArrayLoader(*batches, num_threads=num_threads)


def _index_of(device: torch.device) -> int:
    return torch.cuda.current_device() if device.index is None else device.index

"""Which loader serves a data set on a device, and why."""

import logging
from dataclasses import replace
from typing import Literal, cast

import torch

from bsgrow.data import ArrayDataset, Dataset, EncodedDataset
from bsgrow.data.map_style.dataset import MapDataset
from bsgrow.loading.array_loader import ArrayLoader
from bsgrow.loading.augmentations.registry import augmentations_of
from bsgrow.loading.augmented_loader import AugmentedLoader
from bsgrow.loading.encoded_loader import EncodedLoader
from bsgrow.loading.loader import Loader
from bsgrow.loading.map_loader import MapLoader
from bsgrow.loading.resident import DoesNotFitError, num_bytes, resident_fill
from bsgrow.loading.settings import RESIDENT_FRACTION, LoaderSettings
from bsgrow.loading.streamed import streamed_fill
from bsgrow.stream import SampleStream

_log = logging.getLogger(__name__)


Place = Literal["host", "resident", "streamed"]
"""Where micro-batches are made: by native threads, and copied where they are wanted; on the device,
which keeps the data set; on the device, to which samples are sent."""


def make_loader(dataset: Dataset, settings: LoaderSettings) -> Loader:
    """Return the loader of a data set that suits the device.

    What a loader of arrays yields is the same wherever it makes them. The choice and its reason are
    logged; as a warning where the host serves a CUDA device.

    Args:
        dataset: the samples.
        settings: what becomes of them.

    Raises:
        InputError: the decoder of encoded samples is not installed; or an augmentation is not for
            these samples.
    """
    augmentations = augmentations_of(dataset, settings)
    if not augmentations:
        return _make_plain(dataset, settings)
    plain = replace(settings, dtype=torch.float32, augment=settings.augment.of_kernels)
    stream = SampleStream(len(dataset.train), settings.seed)
    return AugmentedLoader(
        _make_plain(dataset, plain), augmentations, stream, settings.dtype, settings.memory_format
    )


def _make_plain(dataset: Dataset, settings: LoaderSettings) -> Loader:
    if isinstance(dataset, MapDataset):
        return MapLoader(dataset, settings)
    if dataset.image_shape is None:  # whatever has the face of one, of whichever type
        return EncodedLoader(cast("EncodedDataset", dataset), settings)
    arrays = cast("ArrayDataset", dataset)
    place = _choose(arrays, settings)
    if place == "resident":
        try:
            return ArrayLoader(arrays, settings, resident_fill)
        except DoesNotFitError as error:  # someone else took the memory since
            _log.warning("micro-batches: streamed, since %s", error)
    if place == "host":
        return ArrayLoader(arrays, settings)
    return ArrayLoader(arrays, settings, streamed_fill)


def choose_place(
    dataset_bytes: int,
    free_bytes: int | None,
    unavailable: str | None,
    resident_fraction: float = RESIDENT_FRACTION,
) -> tuple[Place, str]:
    """Choose where micro-batches of arrays are made, and say why in words.

    Args:
        dataset_bytes: of images and labels.
        free_bytes: of the device's memory; None where it is no CUDA device.
        unavailable: why the kernel cannot run on the device; None where it can.
        resident_fraction: of free_bytes that the data set may take.
    """
    if free_bytes is None:
        return ("host", "the device is not CUDA's")
    if unavailable:
        return ("host", unavailable)
    sizes = f"{dataset_bytes / 2**20:.0f} MiB, with {free_bytes / 2**20:.0f} MiB free on the device"
    if dataset_bytes <= resident_fraction * free_bytes:
        return ("resident", f"the data set takes {sizes}")
    return ("streamed", f"the data set takes {sizes}: over {resident_fraction:g} of it")


def _choose(dataset: ArrayDataset, settings: LoaderSettings) -> Place:
    device, on_cuda = settings.device, settings.device.type == "cuda"
    place, reason = choose_place(
        num_bytes(dataset),
        torch.cuda.mem_get_info(device)[0] if on_cuda else None,
        _why_unavailable(device) if on_cuda else None,
        settings.resident_fraction,
    )
    level = logging.WARNING if on_cuda and place == "host" else logging.INFO
    _log.log(level, "micro-batches: %s, since %s", place, reason)
    return place


def _why_unavailable(device: torch.device) -> str | None:
    from bsgrow.native import cuda  # loads the kernels, where there is a driver for them

    index = torch.cuda.current_device() if device.index is None else device.index
    return cuda.why_unavailable(index)

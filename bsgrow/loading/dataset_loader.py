"""The loader of a data set: the one place where it matters whether images are to be decoded."""

from dataclasses import dataclass
from typing import cast

import torch

from bsgrow.data import ArrayDataset, Dataset, EncodedDataset
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading.array_loaders import RESIDENT_FRACTION, choose_array_loader
from bsgrow.loading.decoder_choice import DecoderName
from bsgrow.loading.encoded_loader import EncodedLoader
from bsgrow.loading.faults import OnError
from bsgrow.loading.loader import Loader
from bsgrow.native import Augment


@dataclass(frozen=True, kw_only=True)
class LoaderSettings:
    """What is wanted of a loader, whatever its samples are.

    Attributes:
        augment: what happens to each training sample; of encoded ones only the flip.
        crop: the window of each training sample, where images are decoded.
        centre_crop: what is shown of each held-out sample, there.
        seed: seed of order and augmentation.
        micro_batch_size: samples per micro-batch, a multiple of the ghost batch.
        device: where the micro-batches are wanted.
        dtype: float32, float16 or bfloat16.
        memory_format: torch.contiguous_format or torch.channels_last.
        num_threads: native threads, where the host takes part.
        decoder: what decodes images; see ``DecoderName``.
        on_error: what to do about an image that cannot be used; see ``OnError``.
        resident_fraction: of the free device memory that arrays may take; 0 streams them.
    """

    augment: Augment
    crop: ResizedCrop
    centre_crop: CentreCrop
    seed: int
    micro_batch_size: int
    device: torch.device
    dtype: torch.dtype = torch.float32
    memory_format: torch.memory_format = torch.contiguous_format
    num_threads: int = 1
    decoder: DecoderName = "auto"
    on_error: OnError = "raise"
    resident_fraction: float = RESIDENT_FRACTION


def make_loader(dataset: Dataset, settings: LoaderSettings) -> Loader:
    """Return the loader that suits a data set and a device.

    Args:
        dataset: arrays, where its images have one shape; else images to decode.
        settings: what is wanted.

    Raises:
        InputError: it cannot be had; see ``EncodedLoader``.
    """
    if dataset.image_shape is None:  # whatever has the face of one, of whichever type
        return _encoded_loader(cast("EncodedDataset", dataset), settings)
    return choose_array_loader(
        cast("ArrayDataset", dataset),
        settings.augment,
        seed=settings.seed,
        micro_batch_size=settings.micro_batch_size,
        device=settings.device,
        dtype=settings.dtype,
        memory_format=settings.memory_format,
        num_threads=settings.num_threads,
        resident_fraction=settings.resident_fraction,
    )


def _encoded_loader(dataset: EncodedDataset, settings: LoaderSettings) -> EncodedLoader:
    return EncodedLoader(
        dataset,
        settings.crop,
        settings.centre_crop,
        settings.augment.flip,
        seed=settings.seed,
        micro_batch_size=settings.micro_batch_size,
        device=settings.device,
        dtype=settings.dtype,
        memory_format=settings.memory_format,
        num_threads=settings.num_threads,
        decoder=settings.decoder,
        on_error=settings.on_error,
    )

"""FFCV: its own file format, and pipelines compiled by Numba, as https://docs.ffcv.io has them.

The file is written once, into the scratch folder, and read through the system's cache; compiling
is part of making it ready. Normalisation is its table on the CPU.
"""

from collections.abc import Generator, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty
from typing import Any

import numpy as np
import torch

from bsgrow.bench.source import Batch, Source, UnavailableError
from bsgrow.bench.systems.system import System
from bsgrow.bench.work import ArrayWork, JpegWork, Work

_DEFAULT_QUALITY = 90
_POLL_SECONDS = 0.01
_NUMPY_DTYPES = {torch.float32: np.float32, torch.float16: np.float16}


class _Pixels:
    """Indexed data set of (interleaved image, label), as its writer takes them."""

    def __init__(self, work: ArrayWork) -> None:
        self._images, self._labels = work.images.transpose(0, 2, 3, 1), work.labels

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return np.ascontiguousarray(self._images[index]), int(self._labels[index])


class _Photographs:
    """Indexed data set of (PIL image, label)."""

    def __init__(self, work: JpegWork) -> None:
        self._files, self._labels = work.files, work.labels

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        from PIL import Image

        with Image.open(self._files[index]) as image:
            return image.convert("RGB"), int(self._labels[index])


def _open_array(work: ArrayWork) -> Source:
    from ffcv.fields import RGBImageField
    from ffcv.fields.decoders import SimpleRGBImageDecoder
    from ffcv.transforms import RandomHorizontalFlip, RandomTranslate

    if work.augment.padding != "zero":
        raise UnavailableError(f"RandomTranslate has no {work.augment.padding} padding")
    if work.image_shape[0] != 3:
        raise UnavailableError("its image field takes three channels")
    path = _write(work, _Pixels(work), RGBImageField(write_mode="raw"))
    operations: list[Any] = [SimpleRGBImageDecoder()]
    if work.augment.flip:
        operations.append(RandomHorizontalFlip())
    if work.augment.pad:
        operations.append(RandomTranslate(padding=work.augment.pad, fill=(0, 0, 0)))
    return _source(work, path, operations)


def _open_jpeg(work: JpegWork) -> Source:
    from ffcv.fields import RGBImageField
    from ffcv.fields.decoders import RandomResizedCropRGBImageDecoder
    from ffcv.transforms import RandomHorizontalFlip

    quality = work.quality or _DEFAULT_QUALITY
    field = RGBImageField(write_mode="jpg", jpeg_quality=quality)
    path = _write(work, _Photographs(work), field)
    decode = RandomResizedCropRGBImageDecoder((work.size, work.size), work.scale, work.ratio)
    return _source(work, path, [decode, RandomHorizontalFlip()])


def _write(work: Work, samples: _Pixels | _Photographs, field: Any) -> str:
    """Write the file, unless an earlier batch size did."""
    from ffcv import writer
    from ffcv.fields import IntField

    path = work.scratch / "samples.beton"
    if not path.exists():
        writer.tqdm = partial(writer.tqdm, disable=True)  # stderr is for our own progress
        fields = {"image": field, "label": IntField()}
        made = writer.DatasetWriter(str(path), fields, num_workers=work.num_threads)
        made.from_indexed_dataset(samples)
    return str(path)


def _source(work: Work, path: str, operations: Sequence[Any]) -> Source:
    from ffcv.fields.decoders import IntDecoder
    from ffcv.loader import Loader, OrderOption
    from ffcv.transforms import NormalizeImage, Squeeze, ToDevice, ToTensor, ToTorchImage

    if work.dtype not in _NUMPY_DTYPES:
        raise UnavailableError("NormalizeImage makes float32 and float16, not bfloat16")
    mean, std = np.array(work.pixel_mean), np.array(work.pixel_std)
    finish = [NormalizeImage(mean, std, _NUMPY_DTYPES[work.dtype]), ToTensor()]
    if work.on_cuda:
        finish.append(ToDevice(work.device, non_blocking=True))
    finish.append(ToTorchImage(channels_last=work.is_channels_last))
    loader = Loader(
        path,
        batch_size=work.global_batch_size,
        num_workers=work.num_threads,
        order=OrderOption.RANDOM,
        os_cache=True,
        drop_last=True,
        pipelines={
            "image": [*operations, *finish],
            "label": [IntDecoder(), ToTensor(), Squeeze()],
        },
    )
    return Source(partial(_batches, loader))


def _batches(loader: Any) -> Generator[Batch, None, None]:
    while True:
        epoch = iter(loader)
        try:
            for images, _ in epoch:
                yield Batch(len(images), images)
        finally:
            _stop(epoch)


def _stop(epoch: Any) -> None:
    """End its thread, which may wait for room to say that the epoch is over."""
    epoch.close()
    while epoch.is_alive():
        with suppress(Empty):
            epoch.output_queue.get(timeout=_POLL_SECONDS)


FFCV = System("ffcv", {ArrayWork: _open_array, JpegWork: _open_jpeg}, "ffcv")

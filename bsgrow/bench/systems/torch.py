"""torch's DataLoader, with the transforms that torchvision writes down for tensors and for PIL.

One sample at a time, as a map-style data set gives them, in worker processes; torch's own
defaults for what is fetched ahead. https://docs.pytorch.org/docs/stable/data.html
"""

import math
import os
import signal
import sys
import warnings
from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.utils.data import DataLoader, Dataset

from bsgrow.bench.source import Batch, Source
from bsgrow.bench.systems.system import System
from bsgrow.bench.work import ArrayWork, JpegWork, Work

if TYPE_CHECKING:
    from PIL.Image import Image

Sample = tuple[Tensor, int]
_PADDING = {"zero": "constant", "reflect": "reflect"}


class ArraySamples(Dataset[Sample]):
    """Pad, random crop, random flip, scale to [0, 1], normalise, cast, cut out."""

    def __init__(self, work: ArrayWork) -> None:
        with warnings.catch_warnings():  # they may be read-only, and are not written to
            warnings.simplefilter("ignore", UserWarning)
            self._images = torch.from_numpy(work.images)
        self._labels = work.labels.tolist()
        self._pad, self._mode = work.augment.pad, _PADDING[work.augment.padding]
        self._flip, self._cutout = work.augment.flip, work.augment.cutout
        self._normalise = _Normalise(work)

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> Sample:
        image = self._crop(self._images[index])
        if self._flip and torch.rand(()) < 0.5:
            image = image.flip(-1)
        return self._cut(self._normalise(image)), self._labels[index]

    def _cut(self, image: Tensor) -> Tensor:
        side = self._cutout
        if side:
            top, left = (int(torch.randint(0, n, ())) - side // 2 for n in image.shape[1:])
            image[:, max(top, 0) : top + side, max(left, 0) : left + side] = 0
        return image

    def _crop(self, image: Tensor) -> Tensor:
        if not self._pad:
            return image
        height, width = image.shape[1:]
        padded = pad(image[None].float(), [self._pad] * 4, mode=self._mode)[0]
        top, left = torch.randint(0, 2 * self._pad + 1, (2,)).tolist()
        return padded[:, top : top + height, left : left + width]


class JpegSamples(Dataset[Sample]):
    """torchvision's ImageFolder with RandomResizedCrop and RandomHorizontalFlip, on PIL images."""

    def __init__(self, work: JpegWork) -> None:
        self._files, self._labels = work.files, work.labels.tolist()
        self._size, self._scale, self._ratio = work.size, work.scale, work.ratio
        self._normalise = _Normalise(work)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> Sample:
        from PIL import Image

        with Image.open(self._files[index]) as opened:
            image = self._resized_crop(opened.convert("RGB"))
        if torch.rand(()) < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        size = self._size
        pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
        planar = pixels.view(size, size, 3).permute(2, 0, 1).contiguous()
        return self._normalise(planar), self._labels[index]

    def _resized_crop(self, image: "Image") -> "Image":
        from PIL.Image import Resampling

        left, top, width, height = self._window(*image.size)
        cropped = image.crop((left, top, left + width, top + height))
        return cropped.resize((self._size, self._size), Resampling.BILINEAR)

    def _window(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Ten attempts; then, where none fits, the whole image, as these photographs never need."""
        low, high = (math.log(value) for value in self._ratio)
        for _ in range(10):
            area = width * height * torch.empty(1).uniform_(*self._scale).item()
            ratio = math.exp(torch.empty(1).uniform_(low, high).item())
            w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < w <= width and 0 < h <= height:
                left = int(torch.randint(0, width - w + 1, (1,)))
                return left, int(torch.randint(0, height - h + 1, (1,))), w, h
        return 0, 0, width, height


class _Normalise:
    """ToTensor and Normalize."""

    def __init__(self, work: Work) -> None:
        self._mean, self._std = (torch.tensor(v)[:, None, None] for v in (work.mean, work.std))
        self._dtype = work.dtype

    def __call__(self, image: Tensor) -> Tensor:
        return image.float().div(255).sub_(self._mean).div_(self._std).to(self._dtype)


def data_loader(samples: Dataset[Sample], batch_size: int, work: Work) -> DataLoader[Sample]:
    """A loader as its users set it up: shuffled, in workers that stay for the next epoch."""
    return DataLoader(
        samples,
        batch_size=batch_size,
        shuffle=True,
        num_workers=work.num_threads,
        pin_memory=work.on_cuda,
        persistent_workers=True,
        worker_init_fn=partial(_leave_signals_to_the_parent, os.getpid()),
        drop_last=True,
    )


def _leave_signals_to_the_parent(parent: int, worker: int) -> None:
    """Let a worker end when its parent does, without a word; its own errors reach the parent.

    A signal to all processes alike ends it as if it were done: torch raises in the parent, at any
    place, for a worker that was killed. A parent that ended before torch begins to watch it would
    never be missed.
    """
    if os.getppid() != parent:
        os._exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    sys.excepthook = lambda *_: None


def endless_batches(loader: DataLoader[Sample], work: Work) -> Generator[Batch, None, None]:
    """Yield its batches on the device, epoch after epoch."""
    layout = work.memory_format
    while True:
        for images, labels in loader:
            delivered = images.to(work.device, memory_format=layout, non_blocking=True)
            yield Batch(len(images), delivered, labels.to(work.device, non_blocking=True))


def _open_array(work: ArrayWork) -> Source:
    return _source(ArraySamples(work), work)


def _open_jpeg(work: JpegWork) -> Source:
    return _source(JpegSamples(work), work)


def _source(samples: Dataset[Sample], work: Work) -> Source:
    def stream() -> Generator[Batch, None, None]:
        return endless_batches(data_loader(samples, work.global_batch_size, work), work)

    return Source(stream, num_together=work.num_threads)


TORCH = System("torch", {ArrayWork: _open_array, JpegWork: _open_jpeg})

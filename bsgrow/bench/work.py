"""The work that every system of a comparison is given, the same to each."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bsgrow.native import Augment


@dataclass(frozen=True, eq=False, kw_only=True)
class Work(ABC):
    """What is asked of each system, whatever the samples are.

    Attributes:
        global_batch_size: samples that a system delivers at a time.
        micro_batch_size: samples that bsgrow delivers at a time; None for the same.
        dtype: float32, float16 or bfloat16, of the images delivered.
        memory_format: torch.contiguous_format or torch.channels_last.
        device: where the images are delivered.
        num_threads: CPU threads, or worker processes, of each system.
        mean: per channel, of pixel / 255.
        std: per channel, of pixel / 255.
        scratch: a folder for what a system must write first; removed afterwards.
        seed: of order and augmentation, where a system takes one.
    """

    global_batch_size: int
    micro_batch_size: int | None = None
    dtype: torch.dtype = torch.float32
    memory_format: torch.memory_format = torch.contiguous_format
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    num_threads: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    scratch: Path
    seed: int = 0

    @property
    @abstractmethod
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of an image delivered."""

    @property
    @abstractmethod
    def num_samples(self) -> int:
        """Samples in the data set."""

    @property
    @abstractmethod
    def bytes_read(self) -> int:
        """Bytes of a sample that must be read from memory."""

    @property
    @abstractmethod
    def flips(self) -> bool:
        """Whether samples are mirrored at random."""

    @property
    @abstractmethod
    def _transform(self) -> str:
        """What happens to a sample, in words."""

    @property
    def case(self) -> str:
        """The work in words, the key of a row."""
        return f"{self._transform} -> {self._output}"

    @property
    def slice_size(self) -> int:
        """Samples in one delivery of bsgrow; of the limit, which may take several together."""
        return min(self.micro_batch_size or self.global_batch_size, self.global_batch_size)

    @property
    def bytes_written(self) -> int:
        """Bytes of an image delivered."""
        return int(np.prod(self.image_shape)) * self.dtype.itemsize

    @property
    def pixel_mean(self) -> list[float]:
        """The mean of pixels from 0 to 255, per channel."""
        return [255.0 * value for value in self.mean]

    @property
    def pixel_std(self) -> list[float]:
        """The standard deviation of pixels from 0 to 255, per channel."""
        return [255.0 * value for value in self.std]

    @property
    def is_channels_last(self) -> bool:
        """Whether images are delivered with their channels interleaved."""
        return self.memory_format == torch.channels_last

    @property
    def on_cuda(self) -> bool:
        """Whether images are delivered on a CUDA device."""
        return self.device.type == "cuda"

    @property
    def _output(self) -> str:
        layout = "channels_last" if self.is_channels_last else "NCHW"
        dtype = str(self.dtype).removeprefix("torch.")
        threads = f"{self.num_threads} thread{'s' * (self.num_threads != 1)}"
        micro = f", micro-batches of {self.micro_batch_size}" if self.micro_batch_size else ""
        return f"{dtype} {layout}, {self.device.type}, {threads}{micro}"


@dataclass(frozen=True, eq=False, kw_only=True)
class ArrayWork(Work):
    """Images in memory, in random order -> pad, crop, flip, normalise, cast.

    Attributes:
        images: uint8 [N, C, H, W], C-contiguous.
        labels: int64 [N].
        augment: padding, crop and flip.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    augment: Augment

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of an image, in memory and delivered."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    @property
    def num_samples(self) -> int:
        """N, the images in memory."""
        return len(self.images)

    @property
    def bytes_read(self) -> int:
        """Bytes of an image in memory."""
        return int(self.images[0].nbytes)

    @property
    def flips(self) -> bool:
        """As the augmentation says."""
        return self.augment.flip

    @property
    def _transform(self) -> str:
        channels, height, width = self.image_shape
        crop = f"crop ({self.augment.padding} pad {self.augment.pad})"
        return f"{height}x{width}x{channels} uint8 -> {crop}, flip, normalise"


@dataclass(frozen=True, eq=False, kw_only=True)
class BufferWork(ArrayWork):
    """The same work, always into one buffer of the whole batch."""

    @property
    def _output(self) -> str:
        return f"{super()._output}, one buffer"


@dataclass(frozen=True, eq=False, kw_only=True)
class JpegWork(Work):
    """JPEG files -> decode, random resized crop, flip, normalise, cast.

    Attributes:
        folder: one folder a class, with the files in it.
        files: all of them.
        labels: int64 [N].
        sizes: what the files are, in words.
        quality: that they were compressed with, where it is known.
        size: side of the images delivered, in pixels.
        scale: range of the crop's share of the area (torchvision's RandomResizedCrop).
        ratio: range of its width ÷ height.
    """

    folder: Path
    files: tuple[Path, ...]
    labels: NDArray[np.int64]
    sizes: str
    quality: int | None = None
    size: int = 224
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(3, size, size)."""
        return 3, self.size, self.size

    @property
    def num_samples(self) -> int:
        """N, the files."""
        return len(self.files)

    @property
    def bytes_read(self) -> int:
        """Mean size of a file."""
        return sum(path.stat().st_size for path in self.files) // len(self.files)

    @property
    def flips(self) -> bool:
        """Always, as photographs are."""
        return True

    @property
    def _transform(self) -> str:
        return f"{self.sizes} -> random resized crop {self.size}, flip, normalise"

"""How the tensors of a micro-batch lie in the memory that they are given."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor

_ALIGNMENT = 64  # bytes

_NUMPY_DTYPES: dict[torch.dtype, DTypeLike] = {
    torch.float32: np.float32,
    torch.float16: np.float16,
    torch.bfloat16: np.uint16,  # which NumPy lacks
    torch.uint8: np.uint8,
}


@dataclass(frozen=True)
class BatchLayout:
    """Images first, then labels at the next multiple of 64 bytes.

    Attributes:
        image_shape: (channels, height, width).
        dtype: of the images: float32, float16 or bfloat16; uint8 as they are stored.
        memory_format: torch.contiguous_format or torch.channels_last.
    """

    image_shape: tuple[int, int, int]
    dtype: torch.dtype
    memory_format: torch.memory_format

    def num_bytes(self, num_samples: int) -> int:
        """Return what a micro-batch takes."""
        return self._labels_offset(num_samples) + num_samples * torch.int64.itemsize

    def num_samples(self, num_bytes: int) -> int:
        """Return how many samples fit, 0 or more."""
        num = num_bytes // (self._image_bytes + torch.int64.itemsize)
        while self.num_bytes(num) > num_bytes:
            num -= 1
        return num

    def arrays(self, memory: memoryview, num_samples: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return images [num_samples, C, H, W] and labels int64 [num_samples] as views of memory.

        Args:
            memory: bytes, aligned to 64, at least ``num_bytes(num_samples)``.
            num_samples: how many.

        Returns:
            Images in dtype, bfloat16 as uint16; labels.
        """
        shape = (num_samples, *self.image_shape)
        images = np.ndarray(shape, _NUMPY_DTYPES[self.dtype], memory, strides=self._strides)
        offset = self._labels_offset(num_samples)
        return images, np.ndarray(num_samples, np.int64, memory, offset)

    def empty(self, num_samples: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return images and labels int64 [num_samples] in memory of a device, uninitialised."""
        shape = (num_samples, *self.image_shape)
        images = torch.empty(
            shape, dtype=self.dtype, device=device, memory_format=self.memory_format
        )
        return images, torch.empty(num_samples, dtype=torch.int64, device=device)

    def tensors(self, images: NDArray[Any], labels: NDArray[Any]) -> tuple[Tensor, Tensor]:
        """Return the same memory as tensors, images in dtype."""
        tensor = torch.from_numpy(images)
        if self.dtype == torch.bfloat16:
            tensor = tensor.view(torch.bfloat16)
        return tensor, torch.from_numpy(labels)

    @cached_property  # asked for again with every micro-batch, as is what follows
    def _strides(self) -> tuple[int, int, int, int]:
        channels, height, width = self.image_shape
        item = self.dtype.itemsize
        image = channels * height * width * item
        if self.memory_format == torch.channels_last:
            return image, item, width * channels * item, channels * item
        return image, height * width * item, width * item, item

    @cached_property
    def _image_bytes(self) -> int:
        return math.prod(self.image_shape) * self.dtype.itemsize

    def _labels_offset(self, num_samples: int) -> int:
        return -(-num_samples * self._image_bytes // _ALIGNMENT) * _ALIGNMENT


def as_buffer(tensor: Tensor) -> NDArray[Any]:
    """Return a tensor's memory as an array; bfloat16, which NumPy lacks, as uint16."""
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.view(torch.uint16)
    return tensor.numpy()

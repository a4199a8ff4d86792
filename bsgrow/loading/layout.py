"""How the tensors of a micro-batch lie in the memory that they are given."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

_ALIGNMENT = 64  # bytes


@dataclass(frozen=True)
class BatchLayout:
    """Images first, then labels at the next multiple of 64 bytes.

    Attributes:
        image_shape: (channels, height, width).
        dtype: of the images: float32, float16 or bfloat16.
        memory_format: torch.contiguous_format or torch.channels_last.
    """

    image_shape: tuple[int, int, int]
    dtype: torch.dtype
    memory_format: torch.memory_format

    def num_bytes(self, num_samples: int) -> int:
        """Return what a micro-batch takes."""
        return self._labels_offset(num_samples) + num_samples * torch.int64.itemsize

    def tensors(self, memory: Tensor, num_samples: int) -> tuple[Tensor, Tensor]:
        """Return images [num_samples, C, H, W] and labels int64 [num_samples] as views of memory.

        Args:
            memory: uint8 [num], aligned to 64 bytes; num is a multiple of 8, at least
                ``num_bytes(num_samples)``.
            num_samples: how many.
        """
        shape = (num_samples, *self.image_shape)
        images = memory.view(self.dtype).as_strided(shape, self._strides)
        first = self._labels_offset(num_samples) // torch.int64.itemsize
        return images, memory.view(torch.int64).narrow(0, first, num_samples)

    @cached_property  # asked for again with every micro-batch, as is what follows
    def _strides(self) -> tuple[int, int, int, int]:
        channels, height, width = self.image_shape
        image = channels * height * width
        if self.memory_format == torch.channels_last:
            return image, 1, width * channels, channels
        return image, height * width, width, 1

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

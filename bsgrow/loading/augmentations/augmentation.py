"""What an augmentation of micro-batches is, and where its random numbers come from."""

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.loading.loader import MicroBatch

Draw = Callable[[int, int], NDArray[np.float64]]
"""Returns the numbers of an operation for the samples of a micro-batch: of (operation, number), as
``bsgrow.stream.sample_uniforms`` has them."""

Augmentation = Callable[[MicroBatch, Draw], MicroBatch]
"""Changes a micro-batch, float32 on its device, whose memory it may write to.

What becomes of a sample depends on its ghost batch alone, not on what else the micro-batch has."""

MIXING: Final = 4
ERASING: Final = 5
COLOUR: Final = 6
RAND_AUGMENT: Final = 7
"""Operations, whose random numbers differ; the kernels' are 0 to 3: order, crop, flip, cutout."""


def to_device(array: NDArray[np.generic], device: torch.device) -> Tensor:
    """Return a copy on a device, for which the host does not wait."""
    tensor = torch.from_numpy(array)
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def inside(windows: Tensor, height: int, width: int) -> Tensor:
    """Return which pixels lie in a window of each image, bool [n, 1, height, width].

    Args:
        windows: first row, one past the last, first column, one past the last: int64 [4, n].
        height: of the images, in pixels.
        width: of the images, in pixels.
    """
    top, bottom, left, right = windows[:, :, None]
    rows = torch.arange(height, device=windows.device)
    columns = torch.arange(width, device=windows.device)
    in_rows, in_columns = (rows >= top) & (rows < bottom), (columns >= left) & (columns < right)
    return torch.logical_and(in_rows[:, None, :, None], in_columns[:, None, None, :])

"""The kernel for devices, called on tensors of torch."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.dlpack import to_dlpack  # type: ignore[attr-defined]  # torch lists it nowhere

Kernel = Callable[..., None]
"""What a loader asks of a kernel: the arguments of :func:`bsgrow.native.cuda.load_batch`, without a
CUDA stream, ``images`` and ``labels`` by position."""


def launch(
    images: object, labels: object, *, out_images: Tensor, out_labels: Tensor, **options: Any
) -> None:
    """Launch :func:`bsgrow.native.cuda.load_batch` on torch's current stream.

    Tensors of torch are handed over as capsules: on its current stream there is nothing to wait
    for, and so no event to make.
    """
    from bsgrow.native import cuda  # loads the kernels, where there is a driver for them

    with torch.cuda.device(out_images.device):
        cuda.load_batch(
            _as_capsule(images),
            _as_capsule(labels),
            out_images=_as_capsule(out_images),
            out_labels=_as_capsule(out_labels),
            cuda_stream=torch.cuda.current_stream().cuda_stream,
            **options,
        )


def hold(tensor: Tensor) -> object:
    """Return what a kernel can take again and again without looking at it each time.

    On a CUDA device it is a :func:`bsgrow.native.cuda.device_array`, which keeps the memory alive;
    what was written to the tensor must come before the launches. Elsewhere it is the tensor.
    """
    if not tensor.is_cuda:
        return tensor
    from bsgrow.native import cuda

    with torch.cuda.device(tensor.device):
        return cuda.device_array(
            _as_capsule(tensor), cuda_stream=torch.cuda.current_stream().cuda_stream
        )


def _as_capsule(array: object) -> object:
    return to_dlpack(array) if isinstance(array, Tensor) else array

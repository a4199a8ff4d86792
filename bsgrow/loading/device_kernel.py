"""The kernel for devices, called on tensors of torch."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from bsgrow.native import Augment, cuda


class Kernel(Protocol):
    """What a loader asks of a kernel; :func:`bsgrow.native.cuda.load_batch` explains it."""

    def __call__(
        self,
        images: object,
        labels: object,
        *,
        seed: int,
        start: int,
        stop: int,
        augment: Augment | None,
        mean: Sequence[float],
        std: Sequence[float],
        out_images: Tensor,
        out_labels: Tensor,
        shuffle: bool,
        num_samples: int | None = None,
    ) -> None:
        """Write the samples of positions [start, stop), augmented and normalised."""


def launch(
    images: object,
    labels: object,
    *,
    seed: int,
    start: int,
    stop: int,
    augment: Augment | None,
    mean: Sequence[float],
    std: Sequence[float],
    out_images: Tensor,
    out_labels: Tensor,
    shuffle: bool,
    num_samples: int | None = None,
) -> None:
    """Launch :func:`bsgrow.native.cuda.load_batch` on torch's current stream."""
    cuda.load_batch(
        images,
        labels,
        seed=seed,
        start=start,
        stop=stop,
        augment=augment,
        mean=mean,
        std=std,
        out_images=out_images,
        out_labels=out_labels,
        shuffle=shuffle,
        num_samples=num_samples,
        stream=torch.cuda.current_stream(out_images.device).cuda_stream,
    )

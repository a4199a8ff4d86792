"""What a system gives: batches without end."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from bsgrow.bench.work import Work
from bsgrow.loading import MicroBatch


class Batch(NamedTuple):
    """One delivery.

    Attributes:
        num_samples: samples in it.
        images: [num_samples, C, H, W]; None of a limit, which delivers nothing.
        labels: int64 [num_samples], where they come with the images.
    """

    num_samples: int
    images: Tensor | None = None
    labels: Tensor | None = None


Delivered = Batch | MicroBatch
"""What a loader of ours delivers is counted as it is: wrapping small ones shows in the rate."""


class UnavailableError(Exception):
    """A system that cannot do this work here; the message says why."""


@dataclass(frozen=True)
class Source:
    """A system made ready for its work.

    Attributes:
        stream: begins to deliver, without end; closing the generator stops what works ahead.
        num_ahead: deliveries that may be ready before they are asked for, from an earlier stream.
        num_together: deliveries that come at once, as from workers that began together.
    """

    stream: Callable[[], Generator[Delivered, None, None]]
    num_ahead: int = 0
    num_together: int = 1


def check_batch(work: Work, batch: Delivered) -> None:
    """Check that a delivery is what the work asks for, so that rates compare.

    Raises:
        UnavailableError: shape, dtype, device or memory format are others.
    """
    images = batch.images
    if images is None:
        return
    wanted = (batch.num_samples, *work.image_shape)
    if tuple(images.shape) != wanted or images.dtype != work.dtype:
        raise UnavailableError(
            f"delivers {images.dtype} of {tuple(images.shape)}, not {work.dtype} of {wanted}"
        )
    if images.device.type != work.device.type:
        raise UnavailableError(f"delivers on {images.device}, not on {work.device}")
    if not images.is_contiguous(memory_format=work.memory_format):
        raise UnavailableError(f"delivers strides {images.stride()}, not {work.memory_format}")

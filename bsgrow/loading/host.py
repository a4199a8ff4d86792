"""Micro-batches of arrays, made by native threads on the host and copied to where they go."""

from functools import partial
from typing import Any

from numpy.typing import NDArray

from bsgrow.loading.settings import BatchSpec
from bsgrow.loading.staging import DEFAULT_PREFETCH_BYTES, Fill, Staging
from bsgrow.native import Task, load_batch_async


def host_fill(spec: BatchSpec, prefetch_bytes: int = DEFAULT_PREFETCH_BYTES) -> Fill:
    """Return what fills micro-batches in the background, as :class:`Staging` has it.

    Args:
        spec: what is wanted.
        prefetch_bytes: host memory to fill ahead.

    Raises:
        InputError: prefetch_bytes is negative.
    """
    settings, split = spec.settings, spec.split

    def load(start: int, stop: int, images: NDArray[Any], labels: NDArray[Any]) -> Task:
        return load_batch_async(
            split.images,
            split.labels,
            start=start,
            stop=stop,
            out_images=images,
            out_labels=labels,
            num_threads=settings.num_threads,
            **spec.arguments,
        )

    staging = Staging(spec.layout, settings.micro_batch_size, settings.device, prefetch_bytes)
    return partial(staging.batches, load=load)

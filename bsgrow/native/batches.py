"""Batches of the sample stream from arrays in memory: the thin Python face of what is compiled."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from bsgrow.native.augment import Augment
from bsgrow.native.constants import kernel_constants
from bsgrow.native.extension import extension


class Task(Protocol):
    """Work of a native module that goes on in the background, on that module's threads.

    Dropping the last reference cancels it and waits for what is under way, so that nothing is
    written to memory that was let go. A forked child, which has none of its parent's threads,
    begins the work anew on its own when it waits or asks.
    """

    def wait(self) -> None:
        """Take part in the work until it ended. Signals are handled meanwhile, Ctrl-C is raised."""

    def done(self) -> bool:
        """Tell whether it ended: all is written, or it was cancelled and nobody works on it."""

    def cancel(self) -> None:
        """Drop what was not begun; what is written is then incomplete. Waits for nothing."""


def instruction_set() -> str:
    """The vector code in use: ``avx512bf16``, ``avx512``, ``avx2`` or ``baseline``.

    The best that the machine runs, or what the variable BSGROW_INSTRUCTION_SET names.

    Raises:
        ValueError: the variable names one that this machine lacks.
    """
    return extension.instruction_set()


def load_batch(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    *,
    seed: int,
    start: int,
    stop: int,
    augment: Augment | None,
    mean: Sequence[float],
    std: Sequence[float],
    out_images: npt.NDArray[Any],
    out_labels: npt.NDArray[np.int64],
    shuffle: bool = True,
    num_threads: int,
) -> None:
    """Writes the samples of stream positions ``[start, stop)``, augmented and normalised.

    One pass gathers, pads, crops, flips, normalises, casts and cuts out, with the GIL released.
    The result depends on nothing but the data, ``seed`` and the positions.

    Args:
        images: uint8 ``[num_samples, channels, height, width]``, C-contiguous; may be read-only.
        labels: int64 ``[num_samples]``.
        seed: 0 to 2**64 - 1.
        start: first position, 0 to 2**64 - 1.
        stop: one past the last position; any number of epoch ends may lie between.
        augment: random crop, flip and cutout; None for none of them.
        mean: per channel, of pixel / 255.
        std: per channel, of pixel / 255, above 0.
        out_images: written; float32, float16, or bfloat16 seen as uint16,
            ``[stop - start, channels, height, width]``, contiguous or channels_last.
        out_labels: written; int64 ``[stop - start]``.
        shuffle: False takes the samples of each epoch in order.
        num_threads: threads that share the work, the caller's included.

    Raises:
        InputError: mean or std cannot normalise.
        TypeError: an argument is no array or no integer; the message names it.
        ValueError: a shape, dtype, layout or range is wrong; the message names the argument.
    """
    extension.load_batch(
        images=images,
        labels=labels,
        seed=seed,
        start=start,
        stop=stop,
        out_images=out_images,
        out_labels=out_labels,
        shuffle=shuffle,
        num_threads=num_threads,
        **kernel_constants(augment, tuple(mean), tuple(std)),
    )


def load_batch_async(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    *,
    seed: int,
    start: int,
    stop: int,
    augment: Augment | None,
    mean: Sequence[float],
    std: Sequence[float],
    out_images: npt.NDArray[Any],
    out_labels: npt.NDArray[np.int64],
    shuffle: bool = True,
    num_threads: int,
) -> Task:
    """Starts what :func:`load_batch` does, and returns while it goes on in the background.

    Takes the same arguments, but for ``num_threads``: threads in the background, and whoever waits
    for the task is one more. The task keeps all arrays alive; until it is done nobody else may
    write any of them, or read the outputs.

    Returns:
        The work under way.

    Raises:
        InputError: mean or std cannot normalise.
        TypeError: as :func:`load_batch`.
        ValueError: as :func:`load_batch`.
    """
    return extension.load_batch_async(
        images=images,
        labels=labels,
        seed=seed,
        start=start,
        stop=stop,
        out_images=out_images,
        out_labels=out_labels,
        shuffle=shuffle,
        num_threads=num_threads,
        **kernel_constants(augment, tuple(mean), tuple(std)),
    )


def gather_async(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    *,
    seed: int,
    start: int,
    stop: int,
    out_images: npt.NDArray[np.uint8],
    out_labels: npt.NDArray[np.int64],
    shuffle: bool = True,
    num_threads: int,
) -> Task:
    """Starts copying the samples of stream positions ``[start, stop)`` side by side, as they are.

    The task keeps all arrays alive; nobody else may write them, or read the outputs, until it is
    done.

    Args:
        images: uint8 ``[num_samples, channels, height, width]``, C-contiguous; may be read-only.
        labels: int64 ``[num_samples]``.
        seed: 0 to 2**64 - 1.
        start: first position, 0 to 2**64 - 1.
        stop: one past the last position; any number of epoch ends may lie between.
        out_images: written; uint8 ``[stop - start, channels, height, width]``, C-contiguous.
        out_labels: written; int64 ``[stop - start]``.
        shuffle: False takes the samples of each epoch in order.
        num_threads: threads in the background; whoever waits for the task is one more.

    Returns:
        The work under way.

    Raises:
        TypeError: an argument is no array or no integer; the message names it.
        ValueError: a shape, dtype, layout or range is wrong; the message names the argument.
    """
    return extension.gather_async(
        images=images,
        labels=labels,
        seed=seed,
        start=start,
        stop=stop,
        out_images=out_images,
        out_labels=out_labels,
        shuffle=shuffle,
        num_threads=num_threads,
    )

"""Mean and standard deviation as one multiplication and one addition."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bsgrow.errors import InputError

FloatArray = npt.NDArray[np.float32]


def scale_and_bias(mean: Sequence[float], std: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """Constants with which ``pixel * scale + bias`` equals ``(pixel / 255 - mean) / std``.

    They are computed once in double precision and rounded to float32, so that every
    implementation multiplies and adds the same two numbers and gets the same bits.

    Args:
        mean: per channel, of pixel / 255.
        std: per channel, of pixel / 255, above 0.

    Returns:
        scale and bias, float32 ``[channels]``.

    Raises:
        InputError: lengths differ, or a value is not finite or too small to divide by.
    """
    if len(mean) != len(std):
        raise InputError(
            f"mean has {len(mean)} channels and std has {len(std)}",
            hint="give one mean and one std for each channel",
        )
    channels = [_affine(*channel) for channel in zip(mean, std, strict=True)]
    scale, bias = np.asarray(channels, dtype=np.float64).reshape(-1, 2).T
    return np.ascontiguousarray(scale, np.float32), np.ascontiguousarray(bias, np.float32)


def _affine(mean: float, std: float) -> tuple[float, float]:
    largest = float(np.finfo(np.float32).max)
    if std > 0:
        scale, bias = 1.0 / (255.0 * std), -mean / std
        if scale <= largest and abs(bias) <= largest:
            return scale, bias
    raise InputError(
        f"mean = {mean!r}, std = {std!r} cannot normalise a channel: expected finite numbers, "
        "std above 0",
        hint="give the mean and standard deviation of pixel / 255",
    )

"""What the kernels for the CPU and for devices are told of augmentation and normalisation."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from bsgrow.native.augment import Augment
from bsgrow.native.normalisation import scale_and_bias

_NONE = Augment()


@lru_cache  # asked for again with every micro-batch
def kernel_constants(
    augment: Augment | None, mean: tuple[float, ...], std: tuple[float, ...]
) -> Mapping[str, Any]:
    """Return the arguments of a kernel for augmentation, none where None, and normalisation.

    Raises:
        InputError: as ``scale_and_bias``.
    """
    augment = augment or _NONE
    scale, bias = scale_and_bias(mean, std)
    return MappingProxyType(
        {
            "pad": augment.pad,
            "padding": augment.padding,
            "flip": augment.flip,
            "cutout": augment.cutout,
            "scale": scale,
            "bias": bias,
        }
    )

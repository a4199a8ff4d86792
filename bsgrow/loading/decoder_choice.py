"""Which decoder a run takes."""

from importlib.util import find_spec
from typing import Literal

import torch

from bsgrow.loading.dali_decoder import DaliDecoder
from bsgrow.loading.decoders import Decoder, DecodeSettings
from bsgrow.loading.native_decoder import NativeDecoder
from bsgrow.native import jpeg

DecoderName = Literal["auto", "native", "dali"]
"""``auto`` is DALI on a CUDA device. On the CPU it is the native decoder; where that was built
without libjpeg-turbo, so that Pillow does its work, DALI if it is installed."""


def make_decoder(name: DecoderName, settings: DecodeSettings) -> Decoder:
    """Make the decoder of that name.

    Raises:
        InputError: it needs DALI, which is not installed.
    """
    if choose_decoder(name, settings.device) == "dali":
        return DaliDecoder(settings)
    return NativeDecoder(settings)


def choose_decoder(name: DecoderName, device: torch.device) -> Literal["native", "dali"]:
    """Return what ``auto`` stands for on a device, and the other names as they are."""
    if name != "auto":
        return name
    if device.type == "cuda":
        return "dali"
    return "native" if jpeg.is_built() or not is_dali_installed() else "dali"


def is_dali_installed() -> bool:
    """Whether the package is there; it is not imported, which takes a second."""
    return find_spec("nvidia") is not None and find_spec("nvidia.dali") is not None

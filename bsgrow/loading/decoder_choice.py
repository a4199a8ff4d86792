"""Which decoder a run takes."""

from importlib.util import find_spec
from typing import Literal

import torch

from bsgrow.loading.dali_decoder import DaliDecoder
from bsgrow.loading.dali_pipeline import import_dali
from bsgrow.loading.decoders import Decoder, DecodeSettings
from bsgrow.loading.native_decoder import NativeDecoder
from bsgrow.loading.settings import DecoderName
from bsgrow.loading.side_stream import SideStream
from bsgrow.native import decoding


def make_decoder(name: DecoderName, settings: DecodeSettings) -> Decoder:
    """Make the decoder of that name.

    Raises:
        InputError: it needs DALI, which is not installed or cannot begin on the device.
    """
    if choose_decoder(name, settings.device) == "dali":
        return DaliDecoder(settings)
    on_host = settings.device.type == "cpu"
    return NativeDecoder(settings, None if on_host else SideStream(settings.device))


def check_decoder(name: DecoderName, device: torch.device) -> None:
    """Check, without a decoder being made, that what it needs is installed; raises InputError."""
    if choose_decoder(name, device) == "dali":
        import_dali()


def choose_decoder(name: DecoderName, device: torch.device) -> Literal["native", "dali"]:
    """Return what ``auto`` stands for on a device, and the other names as they are."""
    if name != "auto":
        return name
    if device.type == "cuda":
        return "dali"
    return "native" if decoding.is_built() or not is_dali_installed() else "dali"


def is_dali_installed() -> bool:
    """Whether the package is there; it is not imported, which takes a second."""
    return find_spec("nvidia") is not None and find_spec("nvidia.dali") is not None

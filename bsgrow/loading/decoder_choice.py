"""Which decoder a run takes."""

import logging
from importlib.util import find_spec
from typing import Literal

import torch

from bsgrow.errors import InputError
from bsgrow.loading.dali_decoder import DaliDecoder
from bsgrow.loading.dali_pipeline import INSTALL, import_dali
from bsgrow.loading.decoders import Decoder, DecodeSettings
from bsgrow.loading.native_decoder import NativeDecoder
from bsgrow.loading.settings import DecodeName, DecoderName
from bsgrow.loading.side_stream import SideStream
from bsgrow.native import decoding

_log = logging.getLogger(__name__)


def make_decoder(name: DecoderName, settings: DecodeSettings) -> Decoder:
    """Make the decoder of that name.

    Raises:
        InputError: it cannot decode to scale; or it needs DALI, which is not installed or cannot
            begin on the device.
    """
    if _able_decoder(name, settings.device, settings.decode) == "dali":
        return DaliDecoder(settings)
    on_host = settings.device.type == "cpu"
    return NativeDecoder(settings, None if on_host else SideStream(settings.device))


def check_decoder(name: DecoderName, device: torch.device, decode: DecodeName = "exact") -> None:
    """Check, without a decoder being made, that it can, and that what it needs is installed.

    Raises:
        InputError: it cannot decode to scale; or what it needs is not there.
    """
    if _able_decoder(name, device, decode) == "dali":
        import_dali()


def _able_decoder(
    name: DecoderName, device: torch.device, decode: DecodeName
) -> Literal["native", "dali"]:
    """Choose one; raises InputError where it cannot decode so."""
    chosen = choose_decoder(name, device, decode)
    if decode == "scaled":
        if chosen == "dali":
            raise InputError(
                "images.decode = 'scaled': DALI decodes in full",
                "take bsgrow's own decoder: --set data.decoder=native",
            )
        decoding.require_built("images.decode = 'scaled'")
    return chosen


def choose_decoder(
    name: DecoderName, device: torch.device, decode: DecodeName = "exact"
) -> Literal["native", "dali"]:
    """Return what ``auto`` stands for on a device, and the other names as they are.

    That the host decodes for a CUDA device, as DALI is missing, is logged as a warning.
    """
    if name != "auto":
        return name
    if decode == "scaled":  # which it alone can
        return "native"
    on_cuda = device.type == "cuda"
    if (on_cuda or not decoding.is_built()) and is_dali_installed():
        return "dali"
    if on_cuda:
        _log.warning("images: decoded on the host, since DALI is not installed: %s", INSTALL)
    return "native"


def is_dali_installed() -> bool:
    """Whether the package is there; it is not imported, which takes a second."""
    return find_spec("nvidia") is not None and find_spec("nvidia.dali") is not None

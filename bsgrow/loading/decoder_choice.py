"""Which decoder a run takes."""

from importlib.util import find_spec
from typing import Literal

import torch

from bsgrow.errors import InputError
from bsgrow.loading.dali_decoder import DaliDecoder
from bsgrow.loading.dali_pipeline import import_dali
from bsgrow.loading.decoders import Decoder, DecodeSettings
from bsgrow.loading.native_decoder import NativeDecoder
from bsgrow.loading.settings import DecodeName, DecoderName
from bsgrow.loading.side_stream import SideStream
from bsgrow.native import decoding


def make_decoder(name: DecoderName, settings: DecodeSettings) -> Decoder:
    """Make the decoder of that name.

    Raises:
        InputError: it cannot decode to scale; or it needs DALI, which is not installed or cannot
            begin on the device.
    """
    decode: DecodeName = "scaled" if settings.scaled else "exact"
    chosen = choose_decoder(name, settings.device, decode)
    if settings.scaled:
        _check_scales(chosen)
    if chosen == "dali":
        return DaliDecoder(settings)
    on_host = settings.device.type == "cpu"
    return NativeDecoder(settings, None if on_host else SideStream(settings.device))


def check_decoder(name: DecoderName, device: torch.device, decode: DecodeName = "exact") -> None:
    """Check, without a decoder being made, that it can, and that what it needs is installed.

    Raises:
        InputError: it cannot decode to scale; or what it needs is not there.
    """
    chosen = choose_decoder(name, device, decode)
    if decode == "scaled":
        _check_scales(chosen)
    if chosen == "dali":
        import_dali()


def _check_scales(decoder: Literal["native", "dali"]) -> None:
    if decoder == "dali":
        raise InputError(
            "images.decode = 'scaled': DALI decodes in full",
            "take bsgrow's own decoder: --set data.decoder=native",
        )
    if not decoding.is_built():
        raise InputError(
            "images.decode = 'scaled': bsgrow was built without libjpeg-turbo",
            "install its headers and build bsgrow again; `bsgrow doctor` says what was built",
        )


def choose_decoder(
    name: DecoderName, device: torch.device, decode: DecodeName = "exact"
) -> Literal["native", "dali"]:
    """Return what ``auto`` stands for on a device, and the other names as they are."""
    if name != "auto":
        return name
    if decode == "scaled":  # which it alone can
        return "native"
    if device.type == "cuda":
        return "dali"
    return "native" if decoding.is_built() or not is_dali_installed() else "dali"


def is_dali_installed() -> bool:
    """Whether the package is there; it is not imported, which takes a second."""
    return find_spec("nvidia") is not None and find_spec("nvidia.dali") is not None

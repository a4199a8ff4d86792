"""What packing does to one image: nothing, mostly."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from bsgrow.data.jpeg_end import CUT_SHORT, is_cut_short
from bsgrow.data.packing.options import PackOptions
from bsgrow.data.pillow_image import (
    Buffer,
    NotAnImageError,
    opened_image,
)
from bsgrow.images.orientation import JPEG_FORMATS, ORIENTATION_TAG, orientation, size_as_shown

_PLAIN_MODES = ("L", "RGB")  # grey and colour with 8 bits a channel, which every decoder takes


@dataclass(frozen=True)
class Prepared:
    """An image as it is packed.

    Args:
        content: its bytes.
        height: in pixels, after EXIF orientation.
        width: likewise.
        changed: whether its pixels are no longer those of its source.
    """

    content: Buffer
    height: int
    width: int
    changed: bool = False


ToBaseline = Callable[[Buffer], bytes]
"""Makes a progressive JPEG baseline, its coefficients untouched; ValueError: it cannot."""


DecodeCheck = Callable[[Buffer], None]
"""Decodes an image as the training does, and finds damage that Pillow passes over; ValueError: it
has some."""


def unchecked(content: Buffer) -> None:
    """Leaves it at what Pillow finds."""


def prepare(
    content: Buffer,
    options: PackOptions,
    to_baseline: ToBaseline | None,
    also: DecodeCheck = unchecked,
) -> Prepared:
    """One image, changed as the options say.

    Reducing is Pillow's Lanczos filter; the EXIF orientation stays, other metadata goes. Images
    with more than 8 bits a channel are kept as they are. A progressive JPEG becomes baseline by
    `to_baseline`, its pixels the same; without that it is encoded again with its own quantisation
    tables, which changes pixels by a rounding.

    With `options.decode` each image that is kept is decoded by `also` too, as `verify` does it. A
    JPEG is so in any case before it is encoded again, since Pillow fills lost data with grey and
    says nothing; the new file would be sound, and the damage never found.

    Raises:
        NotAnImageError: it cannot be opened, or is a JPEG cut short, as in training; or cannot be
            decoded, where that was needed or asked for.
    """
    with opened_image(content) as image:
        if is_cut_short(content):
            raise NotAnImageError(CUT_SHORT)
        if options.reduced(*image.size) and not _is_deep(image):
            _check_jpeg(content, image, also)
            return _reduced(image, options)
        if options.decode:
            image.load()
            also(content)
        if image.format in JPEG_FORMATS and image.info.get("progressive"):
            if to_baseline is None and not options.decode:
                _check_jpeg(content, image, also)
            return _baseline(content, image, to_baseline, options)
        return Prepared(content, *size_as_shown(image))


def _check_jpeg(content: Buffer, image: Image.Image, also: DecodeCheck) -> None:
    if image.format in JPEG_FORMATS:  # Pillow raises on other damaged formats
        also(content)


def _is_deep(image: Image.Image) -> bool:
    """More than 8 bits a channel: a JPEG could not hold it, and Pillow cannot resize it well."""
    return image.mode in ("I", "F") or image.mode.startswith("I;")


def _reduced(image: Image.Image, options: PackOptions) -> Prepared:
    image.load()  # which turns a TIFF, and its size, and leaves it without an orientation
    plain = image if image.mode in _PLAIN_MODES else image.convert("RGB")
    size = options.reduced(*plain.size) or plain.size
    resized = plain.resize(size, Image.Resampling.LANCZOS)
    return _encoded(resized, orientation(image), quality=options.quality)


def _baseline(
    content: Buffer, image: Image.Image, to_baseline: ToBaseline | None, options: PackOptions
) -> Prepared:
    if to_baseline is None:
        # Pillow can keep the tables of a file it knows as a plain JPEG.
        kept = {"quality": "keep"} if image.format == "JPEG" else {"quality": options.quality}
        return _encoded(image, orientation(image), **kept)
    try:
        return Prepared(to_baseline(content), *size_as_shown(image))
    except ValueError as error:
        raise NotAnImageError(f"cannot be made baseline: {error}") from error


def _encoded(image: Image.Image, rotation: int, **how: Any) -> Prepared:
    exif = Image.Exif()
    if rotation != 1:
        exif[ORIENTATION_TAG] = rotation
    stream = io.BytesIO()
    image.save(stream, "JPEG", exif=exif, **how)
    height, width = (image.width, image.height) if rotation > 4 else (image.height, image.width)
    return Prepared(stream.getvalue(), height, width, changed=True)

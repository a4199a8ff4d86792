"""What packing does to one image: nothing, mostly."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from bsgrow.data.packing.options import PackOptions
from bsgrow.images.encoded import Encoded
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.header import CUT_SHORT, is_cut_short, is_jpeg, read_jpeg_header
from bsgrow.images.jpeg.levels import opened_jpeg
from bsgrow.images.orientation import ORIENTATION_TAG, TRANSPOSED, orientation_of
from bsgrow.images.reading import check_decodes, shown_size, stored_levels


@dataclass(frozen=True)
class Prepared:
    """An image as it is packed.

    Args:
        content: its bytes.
        height: in pixels, after EXIF orientation.
        width: likewise.
        changed: whether its pixels are no longer those of its source.
    """

    content: Encoded
    height: int
    width: int
    changed: bool = False


ToBaseline = Callable[[Encoded], bytes]
"""Makes a progressive JPEG baseline, its coefficients untouched; ValueError: it cannot."""


DecodeCheck = Callable[[Encoded], None]
"""Decodes an image as the training does, and finds damage that Pillow passes over; ValueError: it
has some."""


def unchecked(content: Encoded) -> None:
    """Leaves it at what Pillow finds."""


def prepare(
    content: Encoded,
    options: PackOptions,
    to_baseline: ToBaseline | None,
    also: DecodeCheck = unchecked,
) -> Prepared:
    """One image, changed as the options say.

    Reducing is Pillow's Lanczos filter, of the levels that training sees; the EXIF orientation
    stays, other metadata goes. A progressive JPEG becomes baseline by `to_baseline`, its pixels the
    same; without that it is encoded again with its own quantisation tables, which changes pixels by
    a rounding.

    With `options.decode` each image that is kept is decoded by `also` too, as `verify` does it, and
    in any case one that is encoded again: Pillow fills what a JPEG lost with grey and says nothing;
    the new file would be sound, and the damage never found.

    Raises:
        ImageError: it cannot be opened, or is a JPEG cut short, as in training; or cannot be
            decoded, where that was needed or asked for.
    """
    size = height, width = shown_size(content)
    if is_cut_short(content):
        raise ImageError(CUT_SHORT)
    if options.reduced(width, height):
        _check(content, also)
        return _reduced(content, options)
    if options.decode:
        check_decodes(content)
        _check(content, also)
    if not is_jpeg(content) or not read_jpeg_header(content).is_progressive:
        return Prepared(content, *size)
    if to_baseline is not None:
        return Prepared(_baseline(content, to_baseline), *size)
    if not options.decode:
        _check(content, also)
    return _encoded_again(content, options)


def _check(content: Encoded, also: DecodeCheck) -> None:
    try:
        also(content)
    except ValueError as error:
        raise ImageError(f"cannot be decoded: {error}") from error


def _reduced(content: Encoded, options: PackOptions) -> Prepared:
    image = Image.fromarray(stored_levels(content))
    size = options.reduced(*image.size) or image.size
    resized = image.resize(size, Image.Resampling.LANCZOS)
    return _encoded(resized, orientation_of(content), quality=options.quality)


def _baseline(content: Encoded, to_baseline: ToBaseline) -> bytes:
    try:
        return to_baseline(content)
    except ValueError as error:
        raise ImageError(f"cannot be made baseline: {error}") from error


def _encoded_again(content: Encoded, options: PackOptions) -> Prepared:
    with opened_jpeg(content) as image:
        # Pillow can keep the tables of a file it knows as a plain JPEG.
        kept = {"quality": "keep"} if image.format == "JPEG" else {"quality": options.quality}
        return _encoded(image, orientation_of(content), **kept)


def _encoded(image: Image.Image, rotation: int, **how: Any) -> Prepared:
    exif = Image.Exif()
    if rotation != 1:
        exif[ORIENTATION_TAG] = rotation
    stream = io.BytesIO()
    image.save(stream, "JPEG", exif=exif, **how)
    size = image.size if rotation in TRANSPOSED else image.size[::-1]
    return Prepared(stream.getvalue(), *size, changed=True)

"""What packing does to one image: nothing, mostly."""

from collections.abc import Callable
from dataclasses import dataclass

from bsgrow.data.packing.options import PackOptions
from bsgrow.images.encoded import Encoded
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.header import CUT_SHORT, is_cut_short, is_jpeg, read_jpeg_header
from bsgrow.images.jpeg.writing import jpeg_encoded_again, resized_jpeg
from bsgrow.images.orientation import TRANSPOSED, orientation_of
from bsgrow.images.reading import check_decodes, shown_size


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
"""Makes a JPEG baseline, its coefficients untouched, in restart intervals where that is asked for;
ValueError: it cannot."""


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
    a rounding. With `options.restarts` every JPEG goes through `to_baseline`, where it is there.

    With `options.decode` each image that is kept is decoded by `also` too, as `verify` does it, and
    in any case one that is encoded again: Pillow fills what a JPEG lost with grey and says nothing;
    the new file would be sound, and the damage never found.

    Raises:
        ImageError: it cannot be opened, or is a JPEG cut short, as in training; or cannot be
            decoded, where that was needed or asked for.
    """
    cut = to_baseline if options.restarts else None
    size = height, width = shown_size(content)
    if is_cut_short(content):
        raise ImageError(CUT_SHORT)
    if reduced := options.reduced(width, height):
        _check(content, also)
        stored = reduced[::-1] if orientation_of(content) in TRANSPOSED else reduced
        smaller = resized_jpeg(content, stored, options.quality)
        kept = _transcoded(smaller, cut) if cut else smaller
        return Prepared(kept, *reduced[::-1], changed=True)
    if options.decode:
        check_decodes(content)
        _check(content, also)
    if not is_jpeg(content) or not (cut or read_jpeg_header(content).is_progressive):
        return Prepared(content, *size)
    if to_baseline is not None:
        return Prepared(_transcoded(content, to_baseline), *size)
    if not options.decode:
        _check(content, also)
    return Prepared(jpeg_encoded_again(content, options.quality), *size, changed=True)


def _check(content: Encoded, also: DecodeCheck) -> None:
    try:
        also(content)
    except ValueError as error:
        raise ImageError(f"cannot be decoded: {error}") from error


def _transcoded(content: Encoded, to_baseline: ToBaseline) -> bytes:
    try:
        return to_baseline(content)
    except ValueError as error:
        raise ImageError(f"cannot be transcoded: {error}") from error

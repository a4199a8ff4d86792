"""Which images DALI is given: a function of an image's bytes, and of nothing else.

Whether it was refused before, its window and the other images of its chunk have no part in it.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from bsgrow.images.orientation import UPRIGHT, orientation_of
from bsgrow.loading.dali_jpeg import jpeg_compared
from bsgrow.loading.dali_variants import bmp_compared, png_compared, tiff_compared, webp_compared

Predicate = Callable[[memoryview], bool]
"""Whether DALI decodes an image, whose signature is known, as Pillow does."""


def dali_decodes(image: memoryview) -> bool:
    """Whether DALI is given an image: its format, told by the first bytes, and its variant.

    It is given none that is to be turned, so that no reading of EXIF but ours has a part in it.

    Args:
        image: the bytes of one file.
    """
    start = bytes(image[:_LONGEST])
    for signature, compared in _FORMATS.items():
        if start.startswith(signature):
            return compared(image) and orientation_of(image) == UPRIGHT
    return False


# Of the formats that nvImageCodec parses, but for PGM and PPM: of those with another highest level
# than 255 or 65535 it takes the levels as they are, and they come out too dark.
_FORMATS: Final[Mapping[bytes, Predicate]] = MappingProxyType(
    {
        b"\xff\xd8\xff": jpeg_compared,
        b"\x89PNG\r\n\x1a\n": png_compared,
        b"BM": bmp_compared,
        b"RIFF": webp_compared,
        b"II*\0": tiff_compared,
        b"MM\0*": tiff_compared,
    }
)
_LONGEST: Final = max(map(len, _FORMATS))

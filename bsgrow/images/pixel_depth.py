"""Which pixels that Pillow gives are levels of light, by one rule wherever it opens images."""

from typing import Final

from PIL import Image

_SIXTEEN_BITS: Final = ("I;16", "I;16L", "I;16B", "I;16N")
_READ_AS_32_BITS: Final = ("PNG", "PPM")  # 16 bits in mode "I": a PNG's in older Pillow, a PGM's


def has_16_bits(image: Image.Image) -> bool:
    """Whether it is grey with 16 bits: levels of 0 to 65535, to which Pillow scales a PGM's too."""
    return image.mode in _SIXTEEN_BITS or (image.mode == "I" and image.format in _READ_AS_32_BITS)


def has_levels(image: Image.Image) -> bool:
    """Whether pixels have 8 or 16 bits; those of 32 are numbers without a known black and white."""
    return image.mode not in ("I", "F") or has_16_bits(image)

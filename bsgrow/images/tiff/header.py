"""The header of a TIFF's first image, checked: its pixels are levels that can be read.

Tags and their defaults are those of TIFF 6.0; each variant that is not refused here is compared,
in the tests, with the levels that it was made of.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from bsgrow.images.encoded import Encoded
from bsgrow.images.image_error import ImageError
from bsgrow.images.tiff.directory import TiffTags, read_tags


class Photometric(IntEnum):
    """The meanings that levels have."""

    WHITE_IS_ZERO = 0
    BLACK_IS_ZERO = 1
    RGB = 2
    PALETTE = 3
    CMYK = 5
    YCBCR = 6


class Compression(IntEnum):
    """The ways to pack pixels."""

    NONE = 1
    CCITT_RLE = 2
    CCITT_T4 = 3
    CCITT_T6 = 4
    LZW = 5
    JPEG = 7
    ADOBE_DEFLATE = 8
    PACKBITS = 32773
    DEFLATE = 32946
    LZMA = 34925
    ZSTD = 50000


FAX: Final = (Compression.CCITT_RLE, Compression.CCITT_T4, Compression.CCITT_T6)
WITH_PREDICTOR: Final = (
    Compression.LZW,
    Compression.ADOBE_DEFLATE,
    Compression.DEFLATE,
    Compression.LZMA,
    Compression.ZSTD,
)
_NUM_COLOURS: Final = {
    Photometric.WHITE_IS_ZERO: 1,
    Photometric.BLACK_IS_ZERO: 1,
    Photometric.RGB: 3,
    Photometric.PALETTE: 1,
    Photometric.CMYK: 4,
    Photometric.YCBCR: 3,
}
_OTHER_COLOURS: Final = {
    4: "a mask",
    8: "CIE Lab",
    9: "ICC Lab",
    10: "ITU Lab",
    32803: "those of a camera's sensor",
    34892: "those of a camera's sensor",
    32844: "CIE Log L",
    32845: "CIE Log Luv",
}
_NUMBERS: Final = {1: "numbers", 2: "signed numbers", 3: "floating-point numbers"}
_ASSOCIATED: Final = 1  # of ExtraSamples


@dataclass(frozen=True)
class TiffHeader:
    """The first image of a TIFF, as it is stored.

    Attributes:
        tags: all that it says.
        height: in pixels, before it is turned.
        width: likewise.
        bits: of each sample, 1 to 16.
        num_samples: of each pixel.
        photometric: what the samples are.
        compression: of strips or tiles.
        is_planar: whether each sample has strips of its own.
        is_tiled: whether it has tiles, and no strips.
        predictor: 1, or 2: each sample is the difference to the one before.
        reverses_bits: whether the first pixel is in the lowest bits of a byte.
    """

    tags: TiffTags
    height: int
    width: int
    bits: int
    num_samples: int
    photometric: Photometric
    compression: Compression
    is_planar: bool
    is_tiled: bool
    predictor: int
    reverses_bits: bool

    @property
    def num_colours(self) -> int:
        """The number of samples that are colour; the others are alpha, or anything."""
        return _NUM_COLOURS[self.photometric]

    @property
    def associated_alpha(self) -> int | None:
        """The sample that is an alpha by which the colours were multiplied."""
        extra = self.tags.all(338)[: self.num_samples - self.num_colours]
        return self.num_colours + extra.index(_ASSOCIATED) if _ASSOCIATED in extra else None


def read_tiff_header(content: Encoded) -> TiffHeader:
    """Read the header of the first image.

    Raises:
        ImageError: it is damaged, or of a kind whose levels are not known.
    """
    tags = read_tags(content)
    photometric, compression = _photometric(tags), _compression(tags)
    header = TiffHeader(
        tags=tags,
        height=_side(tags, 257),
        width=_side(tags, 256),
        bits=_bits(tags),
        num_samples=tags.one(277, 1),
        photometric=photometric,
        compression=compression,
        is_planar=tags.one(284, 1) == 2 and tags.one(277, 1) > 1,
        is_tiled=bool(tags.all(324)),
        predictor=tags.one(317, 1) if compression in WITH_PREDICTOR else 1,
        reverses_bits=tags.one(266, 1) == 2,
    )
    _check(header)
    return header


def _photometric(tags: TiffTags) -> Photometric:
    value = tags.one(262, -1)
    if value not in _NUM_COLOURS:
        name = _OTHER_COLOURS.get(value, "not said" if value < 0 else f"of kind {value}")
        raise ImageError(f"its colours are {name} (PhotometricInterpretation), not levels of RGB")
    return Photometric(value)


def _compression(tags: TiffTags) -> Compression:
    try:
        return Compression(tags.one(259, 1))
    except ValueError as error:
        raise ImageError(f"its compression {tags.one(259, 1)} is none that is read") from error


def _side(tags: TiffTags, tag: int) -> int:
    value = tags.one(tag, 0)
    if value < 1:
        raise ImageError("its header is damaged: it has no width or no height")
    return value


def _bits(tags: TiffTags) -> int:
    depths, formats = set(tags.all(258)) or {1}, set(tags.all(339)) - {4} or {1}  # 4: not said
    if len(depths) > 1 or len(formats) > 1:
        raise ImageError(f"its channels differ in depth: {sorted(depths)} bits")
    bits, kind = depths.pop(), formats.pop()
    if not 1 <= bits <= 16 or kind != 1:
        numbers = _NUMBERS.get(kind, "complex numbers")
        raise ImageError(f"its pixels are {numbers} of {bits} bits, not levels")
    return bits


def _check(header: TiffHeader) -> None:
    """Refuse what does not go together, or was never compared."""
    for is_so, reason in (
        (header.num_samples < header.num_colours, "it has too few channels for its colours"),
        (header.num_samples > 64, f"it has {header.num_samples} channels"),
        (header.compression in FAX and (header.bits > 1 or header.num_samples > 1), "fax of grey"),
        (header.compression == 3 and header.tags.one(292, 0) & 1 == 1, "fax of two dimensions"),
        (header.predictor not in (1, 2), f"its predictor {header.predictor} is for other numbers"),
        (header.predictor == 2 and header.bits not in (8, 16), "a predictor of parts of bytes"),
        (header.photometric is Photometric.CMYK and header.tags.one(332, 1) != 1, "inks, not CMYK"),
        (
            _is_premultiplied_otherwise(header),
            "alpha in what is no grey or RGB",
        ),
        (_is_other_ycbcr(header), "YCbCr of other than 8 bits, or with more channels"),
        (_is_other_jpeg(header), "JPEG in TIFF of other than grey, RGB and YCbCr of 8 bits"),
    ):
        if is_so:
            raise ImageError(f"it is a TIFF of a kind that is not read: {reason}")


def _is_premultiplied_otherwise(header: TiffHeader) -> bool:
    plain = (Photometric.BLACK_IS_ZERO, Photometric.RGB)
    return header.associated_alpha is not None and header.photometric not in plain


def _is_other_ycbcr(header: TiffHeader) -> bool:
    is_plain = header.bits == 8 and header.num_samples == 3 and not header.is_planar
    return header.photometric is Photometric.YCBCR and not is_plain


def _is_other_jpeg(header: TiffHeader) -> bool:
    is_plain = header.bits == 8 and header.num_samples in (1, 3) and not header.is_planar
    others = (Photometric.PALETTE, Photometric.WHITE_IS_ZERO, Photometric.CMYK)
    return header.compression is Compression.JPEG and (not is_plain or header.photometric in others)

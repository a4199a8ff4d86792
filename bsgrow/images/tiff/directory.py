"""The tags of a TIFF's first image: TIFF 6.0, section 2, and BigTIFF."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bsgrow.images.encoded import Encoded, unpack
from bsgrow.images.image_error import ImageError

_BIG_VERSION: Final = 43

# Letter of struct for the types of integers: BYTE, SHORT, LONG, UNDEFINED, IFD, LONG8, IFD8; and
# for RATIONAL, which is two.
_INTEGERS: Final[Mapping[int, str]] = MappingProxyType(
    {1: "B", 3: "H", 4: "I", 7: "B", 13: "I", 16: "Q", 18: "Q"}
)
_RATIONAL: Final = 5


@dataclass(frozen=True)
class TiffTags:
    """The tags whose values are integers, or fractions; a value is read when it is asked for.

    Attributes:
        content: the file.
        order: of bytes, as struct writes it: "<" or ">".
        is_big: whether it is a BigTIFF.
        entries: tag -> offset of its entry; of a tag that is there twice the first counts.
    """

    content: Encoded
    order: str
    is_big: bool
    entries: Mapping[int, int]

    def all(self, tag: int) -> tuple[int, ...]:
        """The values of a tag, of a fraction both numbers; none where it is not there.

        Raises:
            ImageError: they are of another type, or lie behind the end of the file.
        """
        if tag not in self.entries:
            return ()
        at = self.entries[tag]
        kind, length = unpack(self.order + ("2xHQ" if self.is_big else "2xHI"), self.content, at)
        if kind == _RATIONAL:
            kind, length = 4, 2 * length
        if kind not in _INTEGERS or length > len(self.content):
            raise ImageError(f"its header is damaged: tag {tag} is none of integers")
        layout = f"{self.order}{length}{_INTEGERS[kind]}"
        field, room = (at + 12, 8) if self.is_big else (at + 8, 4)
        if struct.calcsize(layout) > room:
            (field,) = unpack(self.order + ("Q" if self.is_big else "I"), self.content, field)
        return unpack(layout, self.content, field)

    def fractions(self, tag: int) -> list[float]:
        """The values of a tag of fractions."""
        numbers = self.all(tag)
        return [a / (b or 1) for a, b in zip(numbers[::2], numbers[1::2], strict=False)]

    def one(self, tag: int, default: int) -> int:
        """The first value of a tag."""
        return next(iter(self.all(tag)), default)


def read_tags(content: Encoded) -> TiffTags:
    """Read the first directory, as far as the file holds it; raises ImageError: it lies outside."""
    order = "<" if bytes(content[:2]) == b"II" else ">"
    is_big = unpack(order + "H", content, 2) == (_BIG_VERSION,)
    (at,) = unpack(order + "Q", content, 8) if is_big else unpack(order + "I", content, 4)
    (num_entries,) = unpack(order + ("Q" if is_big else "H"), content, at)
    start, step = (at + 8, 20) if is_big else (at + 2, 12)
    held = max(0, (len(content) - start) // step)  # some say more than the file has room for
    entries: dict[int, int] = {}
    for k in range(min(num_entries, held)):
        (tag,) = unpack(order + "H", content, start + k * step)
        entries.setdefault(tag, start + k * step)
    return TiffTags(content, order, is_big, MappingProxyType(entries))

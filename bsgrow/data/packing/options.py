"""What a user may ask of packing."""

from dataclasses import dataclass
from typing import Literal

from bsgrow.errors import InputError

_SMALLEST_SHARD, _LARGEST_SHARD = 1 << 20, 1 << 40
_LARGEST_SIDE = 65_500  # what a JPEG can hold

OnError = Literal["raise", "skip"]


@dataclass(frozen=True)
class PackOptions:
    """How images are packed; nothing is changed by default but that JPEGs become baseline.

    Raises:
        InputError: a value is out of range, or both sides are given.
    """

    shortest_side: int | None = None
    """Pixels to which the shorter side of a larger image is reduced, as a JPEG."""

    longest_side: int | None = None
    """The same for the longer side."""

    quality: int = 90
    """JPEG quality of reduced images, 1 to 95, as libjpeg counts it."""

    shard_bytes: int = 256 << 20
    """Bytes of source files that go into one shard, about."""

    decode: bool = False
    """Whether each image is decoded in full, to find the damaged ones; else its header is read, and
    a JPEG must have its end."""

    restarts: bool = False
    """Whether JPEGs are cut into restart intervals, so that a crop is decoded without what lies
    above and beside it; their pixels stay."""

    on_error: OnError = "raise"
    """Whether a file that cannot be used ends the packing, or is left out and listed."""

    def __post_init__(self) -> None:
        if self.shortest_side and self.longest_side:
            raise InputError(
                "--shortest-side and --longest-side: only one of them can be met",
                hint="leave one out",
            )
        for name, lowest, highest in (
            ("shortest_side", 1, _LARGEST_SIDE),
            ("longest_side", 1, _LARGEST_SIDE),
            ("quality", 1, 95),
            ("shard_bytes", _SMALLEST_SHARD, _LARGEST_SHARD),
        ):
            value = getattr(self, name)
            if value is not None and not lowest <= value <= highest:
                option = "--" + name.replace("_", "-")
                raise InputError(f"{option} {value}: must be from {lowest} to {highest}")

    @property
    def resizes(self) -> bool:
        """Whether larger images are reduced."""
        return bool(self.shortest_side or self.longest_side)

    def reduced(self, width: int, height: int) -> tuple[int, int] | None:
        """Width and height to reduce an image to, rounded to the nearest; None: it fits."""
        if not self.resizes:
            return None
        side = min(width, height) if self.shortest_side else max(width, height)
        target = self.shortest_side or self.longest_side or 0
        if side <= target:
            return None
        return _scaled(width, target, side), _scaled(height, target, side)

    def describe(self, *, lossless: bool) -> str:
        """What is done to the pixels of the images that are changed, for the shards."""
        parts = []
        if self.resizes:
            which = "shortest" if self.shortest_side else "longest"
            parts.append(f"{which} side {self.shortest_side or self.longest_side}")
        if self.resizes or not lossless:  # Pillow cannot keep the tables of a multi-picture file
            parts.append(f"JPEG quality {self.quality}")
        if not lossless:
            parts.append("progressive JPEGs encoded again")
        return ", ".join(parts)


def _scaled(side: int, target: int, whole: int) -> int:
    """Side · target / whole, rounded to the nearest, halves up; at least 1."""
    return max(1, (2 * side * target + whole) // (2 * whole))

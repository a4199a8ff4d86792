"""Millions of file names in a few bytes more than their letters, and a few for a message."""

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from bsgrow.text.printable import printable


@dataclass(frozen=True, eq=False)
class Names:
    """A sequence of byte strings: one blob and where each of them ends.

    Args:
        joined: all of them, one after the other.
        ends: int64 [n], ascending; the last is the length of `joined`.
    """

    joined: bytes
    ends: NDArray[np.int64]

    @staticmethod
    def of(names: Iterable[bytes]) -> "Names":
        """Holds `names`, in order."""
        joined, ends, end = BytesIO(), array("q"), 0
        for name in names:
            end += joined.write(name)
            ends.append(end)
        return Names(joined.getvalue(), np.frombuffer(ends, np.int64))  # neither is a copy

    def __len__(self) -> int:
        return len(self.ends)

    def __iter__(self) -> Iterator[bytes]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> bytes:
        start = int(self.ends[index - 1]) if index else 0
        return self.joined[start : int(self.ends[index])]


class GrowingNames:
    """Names that are put in many at a time; see `Names`."""

    def __init__(self) -> None:
        self._joined, self._ends = bytearray(), [np.empty(0, np.int64)]

    def add(self, joined: bytes, ends: NDArray[np.int64]) -> None:
        """Adds those of `Names(joined, ends)`."""
        self._ends.append(ends + len(self._joined))
        self._joined += joined

    def add_paths(self, folder: str, names: Sequence[str]) -> None:
        """Adds paths as the file system encodes them.

        Args:
            folder: with a slash behind it.
            names: in it, at least one.
        """
        sizes = np.fromiter(map(len, map(os.fsencode, names)), np.int64, len(names))
        ends = np.cumsum(sizes + len(os.fsencode(folder)))
        self.add(os.fsencode(folder + folder.join(names)), ends)

    def held(self) -> Names:
        """All of them."""
        return Names(bytes(self._joined), np.concatenate(self._ends))


def first_names(names: Sequence[str], limit: int = 5) -> str:
    """Names for one line of a message: the first of them, and how many more there are."""
    shown = ", ".join(map(printable, names[:limit]))
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown

"""Millions of file names in a few bytes more than their letters, and names made fit to print."""

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
        joined, ends = bytearray(), array("q")
        for name in names:
            joined += name
            ends.append(len(joined))
        return Names(bytes(joined), np.frombuffer(ends, np.int64))

    @staticmethod
    def of_paths(folders: Iterable[tuple[str, Sequence[str]]]) -> "Names":
        """Holds paths in order, as the file system encodes them.

        Args:
            folders: each with a slash behind it, and at least one name in it.
        """
        joined, lengths = bytearray(), [np.empty(0, np.int64)]
        for folder, names in folders:
            text = folder + folder.join(names)
            joined += os.fsencode(text)
            # Of a million names one after the other, nearly all are ASCII.
            sizes = map(len, names if text.isascii() else map(os.fsencode, names))
            size = len(os.fsencode(folder))
            lengths.append(np.fromiter(sizes, np.int64, len(names)) + size)
        return Names(bytes(joined), np.cumsum(np.concatenate(lengths)))

    def __len__(self) -> int:
        return len(self.ends)

    def __iter__(self) -> Iterator[bytes]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> bytes:
        start = int(self.ends[index - 1]) if index else 0
        return self.joined[start : int(self.ends[index])]


def printable(name: str | bytes | os.PathLike[str]) -> str:
    """A path for one line of a message: as it is, or escaped where it holds control characters.

    File names may hold line breaks, terminal escapes, and bytes that are no text at all.
    """
    text = os.fsdecode(name)
    return text if text.isprintable() else ascii(text)


def first_names(names: Sequence[str], limit: int = 5) -> str:
    """Names for one line of a message: the first of them, and how many more there are."""
    shown = ", ".join(map(printable, names[:limit]))
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown

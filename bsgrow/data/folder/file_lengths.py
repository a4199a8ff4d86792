"""The lengths of a million files, asked for in threads."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded.names import Names
from bsgrow.native.extension import extension

_NUM_THREADS = 8  # they wait for the disk or the network, and compute nothing
_PER_CALL = 1 << 14  # files, between which Ctrl-C is heard


def file_lengths(folder: Path, names: Names) -> NDArray[np.int64]:
    """Int64 [N]: the length of each file in bytes, links followed; -1 where there is none to see.

    Args:
        folder: of all of them.
        names: their paths below it.
    """
    lengths = np.full(len(names), -1, np.int64)
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return lengths
    try:
        for first in range(0, len(names), _PER_CALL):
            part = slice(first, first + _PER_CALL)
            start = int(names.ends[first - 1]) if first else 0
            extension.file_lengths(
                folder=descriptor,
                joined=names.joined[start : int(names.ends[part][-1])],
                ends=names.ends[part] - start,
                out=lengths[part],
                num_threads=_NUM_THREADS,
            )
    finally:
        os.close(descriptor)
    return lengths

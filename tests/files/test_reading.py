import io

import numpy as np
import pytest

from bsgrow.errors import BsgrowError
from bsgrow.files.reading import read_into


class FailingDisk(io.RawIOBase):
    """Gives one piece, then an input/output error."""

    def __init__(self) -> None:
        self.pieces = [b"abc"]

    def read(self, size: int = -1) -> bytes:
        if self.pieces:
            return self.pieces.pop()
        raise OSError(5, "Input/output error")


def test_a_disk_that_fails_is_named_with_the_offset():
    with pytest.raises(BsgrowError, match=r"file: .*Input/output error.* at byte 13"):
        read_into(FailingDisk(), np.empty(100, np.uint8), "file", 10)


def test_short_reads_are_put_together():
    array = np.empty((1, 3), np.uint8)
    read_into(FailingDisk(), array, "file", 0)
    assert array.tobytes() == b"abc"

"""The run lengths of a BMP of 4 or 8 bits; Pillow takes pixels that they leave out for black."""

import numpy as np

from bsgrow.images.encoded import Levels
from bsgrow.images.image_error import ImageError

_END_OF_ROW, _END, _MOVE = 0, 1, 2


def unpacked_runs(data: bytes, height: int, width: int, bits: int) -> Levels:
    """The colours' numbers, uint8 ``[height, width]``, in the order of the file.

    Raises:
        ImageError: pixels are left out.
    """
    canvas = _Canvas(height, width, bits)
    at = 0
    while at + 1 < len(data) and not canvas.is_full():
        length, value = data[at], data[at + 1]
        at += 2
        if length > 0:
            canvas.write(canvas.run(length, value))
        elif value == _END_OF_ROW:
            canvas.row, canvas.column = canvas.row + 1, 0
        elif value == _END:
            break
        elif value == _MOVE:
            raise ImageError("pixels are missing: its run lengths skip some")
        else:
            num_bytes = (value * bits + 7) // 8
            canvas.write(canvas.plain(data[at : at + num_bytes])[:value])
            at += num_bytes + num_bytes % 2
    return canvas.result()


class _Canvas:
    """The pixels that were written so far."""

    def __init__(self, height: int, width: int, bits: int) -> None:
        self._indices = np.zeros((height, width), np.uint8)
        self._num_written, self._bits = 0, bits
        self.row = self.column = 0

    def is_full(self) -> bool:
        return self._num_written == self._indices.size

    def run(self, length: int, value: int) -> Levels:
        """A run of one colour, or of two in turn."""
        return np.resize(self.plain(bytes([value])), length)

    def plain(self, data: bytes) -> Levels:
        values = np.frombuffer(data, np.uint8)
        return values if self._bits == 8 else np.stack([values >> 4, values & 15], 1).ravel()

    def write(self, values: Levels) -> None:
        """Write them behind the last; what does not fit into the row is dropped."""
        if self.row < len(self._indices):
            target = self._indices[self.row, self.column :][: len(values)]
            target[:] = values[: len(target)]
            self._num_written += len(target)
            self.column += len(target)

    def result(self) -> Levels:
        if not self.is_full():
            missing = self._indices.size - self._num_written
            raise ImageError(f"pixels are missing: its run lengths leave {missing} out")
        return self._indices

"""Reading files that may be missing, cut short, or no files at all: bytes or a SampleError."""

import errno
import os
from collections.abc import Sequence

from bsgrow.data.encoded.dataset import MAX_SAMPLE_BYTES, SampleError
from bsgrow.errors import BsgrowError
from bsgrow.files.open_files import OpenFiles, read_at
from bsgrow.files.regular import UnfitFileError, open_regular
from bsgrow.images.image_error import ImageError
from bsgrow.text.printable import printable

MUCH = 1 << 24
"""Bytes from which on a file is looked at before it is read: one with a hole costs nothing."""

SIGNATURE_BYTES = 12

_OF_THE_PROCESS = {
    errno.EMFILE: "the process may have no more files open: raise the limit with `ulimit -n 4096`",
    errno.ENFILE: "the machine has too many files open: close programs, or raise fs.file-max",
    errno.ENOMEM: "the machine is out of memory: close programs, or lower run.micro_batch_size",
}
"""Errors that say nothing about the file, and what to do: another sample would meet them too."""


class SampleFiles:
    """Large files of samples by number, each opened when first read from; see `OpenFiles`.

    Args:
        paths: the files.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._files = OpenFiles(paths)

    def read(self, number: int, offset: int, num_bytes: int) -> bytes:
        """Exactly `num_bytes` bytes from `offset` of a file.

        Raises:
            SampleError: the system cannot read them, or the file ends before.
            BsgrowError: the process or the machine has run out of files or memory.
        """
        try:
            content = self._files.read(number, offset, num_bytes)
        except OSError as error:
            raise _unreadable(self.locate(number, offset), error) from error
        if len(content) < num_bytes:
            missing = num_bytes - len(content)
            where = self.locate(number, offset + len(content))
            raise SampleError(where, f"the file ends, {missing} bytes too early")
        return content

    def locate(self, number: int, offset: int) -> str:
        """A file and a place in it, for messages."""
        return f"{printable(self._paths[number])} at byte {offset}"


def read_sample_file(path: bytes) -> memoryview:
    """The content of an image file.

    Raises:
        SampleError: it cannot be read, is empty, or is not a regular file of a sane length.
        BsgrowError: the process or the machine has run out of files or memory.
    """
    where = printable(path)
    try:
        descriptor = open_regular(path)
        try:
            return memoryview(_read_whole(descriptor, where))
        finally:
            os.close(descriptor)
    except (UnfitFileError, IsADirectoryError) as error:
        if isinstance(error.__cause__, OSError):  # of a socket, which cannot be opened at all
            raise _unreadable(where, error.__cause__) from error
        raise SampleError(where, "not a regular file") from error
    except OSError as error:
        raise _unreadable(where, error) from error


def _read_whole(descriptor: int, where: str) -> bytes:
    num_bytes = os.fstat(descriptor).st_size
    check_length(num_bytes, where)
    if num_bytes > MUCH:
        check_signature(read_at(descriptor, SIGNATURE_BYTES, 0), where)
    content = read_at(descriptor, num_bytes, 0)
    if len(content) < num_bytes:
        raise SampleError(where, f"cut short to {len(content)} bytes while it was read")
    return content


def check_length(num_bytes: int, where: str) -> None:
    """Refuses a sample that is empty or absurdly long.

    Raises:
        SampleError: it is.
    """
    if num_bytes == 0:
        raise SampleError(where, "the file is empty")
    if num_bytes > MAX_SAMPLE_BYTES:
        limit = f"{MAX_SAMPLE_BYTES >> 30} GiB, the most that is read as one image"
        raise SampleError(where, f"{num_bytes} bytes are above {limit}")


def check_signature(start: bytes, where: str) -> None:
    """Refuses by its first `SIGNATURE_BYTES` what is no image, as its reader would all of it.

    Raises:
        SampleError: it is none.
    """
    from bsgrow.images.reading import check_format  # with Pillow, which few files need here

    try:
        check_format(start)
    except ImageError as error:
        raise SampleError(where, error.message) from error


def _unreadable(where: str, error: OSError) -> BsgrowError:
    """The error for a sample that cannot be read.

    Returns:
        A SampleError; a BsgrowError, which no other sample can stand in for, where the process or
        the machine has run out of something.
    """
    reason = f"cannot be read: {error.strerror or error}"
    if hint := _OF_THE_PROCESS.get(error.errno or 0):
        return BsgrowError(f"{where}: {reason}", hint)
    return SampleError(where, reason)

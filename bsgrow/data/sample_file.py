"""Reading files that may be missing, cut short, or no files at all: bytes or a SampleError."""

import os
import stat

from bsgrow.data.encoded import MAX_SAMPLE_BYTES, SampleError
from bsgrow.data.open_files import read_up_to
from bsgrow.data.unreadable import unreadable
from bsgrow.images.image_error import ImageError
from bsgrow.text.printable import printable

MUCH = 1 << 24
"""Bytes from which on a file is looked at before it is read: one with a hole costs nothing."""

SIGNATURE_BYTES = 12

# A pipe among the images would block its reader for ever.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)


def read_sample_file(path: bytes) -> memoryview:
    """The content of an image file.

    Raises:
        SampleError: it cannot be read, is empty, or is not a regular file of a sane length.
        BsgrowError: the process or the machine has run out of files or memory.
    """
    where = printable(path)
    try:
        descriptor = os.open(path, _FLAGS)
        try:
            return memoryview(_read_whole(descriptor, where))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise unreadable(where, error) from error


def _read_whole(descriptor: int, where: str) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise SampleError(where, "not a regular file")
    check_length(status.st_size, where)
    if status.st_size > MUCH:
        check_signature(read_up_to(descriptor, SIGNATURE_BYTES, 0), where)
    content = read_up_to(descriptor, status.st_size, 0)
    if len(content) < status.st_size:
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

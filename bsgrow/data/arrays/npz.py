"""NumPy's ``.npz``: a zip of arrays, of which those with a role in a data set are read strictly.

Nothing in it is run: an array of Python's objects is refused. A header is believed where the zip
says the same length, and memory is taken for no more than the machine has.
"""

import math
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from bsgrow.data.arrays.own import find_roles
from bsgrow.errors import BsgrowError, InputError
from bsgrow.files.regular import opened_regular
from bsgrow.text.printable import cut, printable

_CHUNK = 1 << 20
_MOST_MEMBERS = 10_000
_FAULTS = (
    *(zipfile.BadZipFile, zlib.error, EOFError, ValueError, struct.error, RuntimeError),
    *(NotImplementedError, OverflowError, SyntaxError, TypeError, KeyError, IndexError),
    TokenError,
)
"""What zipfile and NumPy raise for files that are damaged, encrypted, or no zip."""


class Header(NamedTuple):
    """What an array says of itself, where its first byte is, and how many there are."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype[Any]
    num_bytes: int


class Npz:
    """The arrays of an open file.

    Args:
        archive: the zip.
        where: it, for messages.

    Attributes:
        names: of the arrays.
    """

    def __init__(self, archive: zipfile.ZipFile, where: str) -> None:
        self._archive, self._where = archive, where
        members = archive.infolist()
        self._members = {each.filename.removesuffix(".npy"): each for each in members}
        self.names = tuple(self._members)
        if len(members) > _MOST_MEMBERS or len(self.names) < len(members):
            raise InputError(
                f"{where}: holds {len(members)} arrays, of {len(self.names)} names",
                hint=f"an array has a name of its own; at most {_MOST_MEMBERS} are taken",
            )

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an array, and read none of it; raises as ``read``."""
        with self._opened(name) as (_, header):
            return header.shape

    def read(self, name: str) -> NDArray[Any]:
        """Read an array.

        Raises:
            BsgrowError: it is damaged, holds Python's objects, or is larger than memory.
        """
        with self._opened(name) as (content, header):
            self._check_memory(name, header)
            flat = np.empty(math.prod(header.shape), header.dtype)
            _fill(content, flat.view(np.uint8).data)
        if header.is_fortran:
            return flat.reshape(header.shape[::-1]).transpose()
        return flat.reshape(header.shape)

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[IO[bytes], Header]]:
        member = self._members[name]
        with _naming(f"{self._where}, {cut(name)}"), self._archive.open(member) as content:
            header = _read_header(content, member.file_size)
            yield content, header

    def _check_memory(self, name: str, header: Header) -> None:
        available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if header.num_bytes > available:
            raise BsgrowError(
                f"{self._where}, {cut(name)}: has {header.num_bytes} bytes, and this machine "
                f"{available} of memory",
                hint="as encoded images, in class folders or parquet, it is read from the disk",
            )


@contextmanager
def open_npz(path: Path) -> Iterator[Npz]:
    """Open a file of arrays.

    Raises:
        BsgrowError: it is not there, cannot be read, or is no zip.
    """
    where = printable(path)
    try:
        with opened_regular(path) as file, _naming(where), zipfile.ZipFile(file) as archive:
            yield Npz(archive, where)
    except OSError as error:
        raise InputError(
            f"data.path = {where}: {error.strerror or error}",
            hint="give the .npz that savez of NumPy wrote",
        ) from error


def read_roles(path: Path) -> dict[str, NDArray[Any]]:
    """Read the arrays that have a role, by name."""
    with open_npz(path) as npz:
        roles, has_test = find_roles(npz.names, printable(path))
        names = roles if has_test else roles[:2]
        return {name: npz.read(name) for name in names}


def read_counts(path: Path) -> tuple[tuple[int, ...], NDArray[Any] | None]:
    """Return the shape of the training images, and their labels where no test split is there."""
    with open_npz(path) as npz:
        roles, has_test = find_roles(npz.names, printable(path))
        return npz.shape(roles.images), None if has_test else npz.read(roles.labels)


@contextmanager
def _naming(where: str) -> Iterator[None]:
    """Name the array that is damaged."""
    try:
        yield
    except BsgrowError:
        raise
    except _FAULTS as error:
        raise BsgrowError(
            f"{where}: is damaged, or no array of NumPy's: {printable(str(error)[:200])}",
            hint="write it again with savez of NumPy",
        ) from error


def _read_header(content: IO[bytes], size: int) -> Header:
    """Read what is before the values; raises ValueError where it does not hold."""
    major, _ = npy.read_magic(content)
    readers = {1: npy.read_array_header_1_0, 2: npy.read_array_header_2_0}
    if major not in readers:
        raise ValueError(f"version {major} of the format")
    try:
        shape, is_fortran, dtype = readers[major](content)
    except MemoryError as error:  # of Python's parser, for brackets without end
        raise ValueError("a header that is nested too deep") from error
    if dtype.hasobject or dtype.itemsize == 0 or dtype.fields or dtype.subdtype:
        raise ValueError(f"it holds {dtype}, where numbers are needed")
    num_bytes = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or content.tell() + num_bytes != size:
        raise ValueError(
            f"{dtype} of shape {list(shape)} takes {num_bytes} bytes, and there are "
            f"{size - content.tell()}"
        )
    return Header(shape, is_fortran, dtype, num_bytes)


def _fill(content: IO[bytes], buffer: memoryview) -> None:
    """Read what is left, which must be as much as is wanted; the zip compares its checksum."""
    filled = 0
    while filled < len(buffer):
        chunk = content.read(min(_CHUNK, len(buffer) - filled))
        if not chunk:
            raise EOFError(f"it ends {len(buffer) - filled} bytes too early")
        buffer[filled : filled + len(chunk)] = chunk
        filled += len(chunk)
    if content.read(1):
        raise ValueError("there are bytes behind its values")

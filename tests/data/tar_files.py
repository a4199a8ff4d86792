"""Tars for tests, written by the standard library, and headers that it would not write."""

import io
import os
import tarfile

from bsgrow.data.tar.columns import TarIndex
from bsgrow.data.tar.index import TarReader
from bsgrow.data.tar.samples import SampleReader
from bsgrow.errors import BsgrowError

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def make_tar(path, members, tar_format=tarfile.PAX_FORMAT, **fields):
    with tarfile.open(path, "w", format=tar_format, **fields) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def block(content):
    """Content, filled up to whole blocks."""
    return content + bytes(-len(content) % 512)


def checksummed(header, *, signed=False):
    """A header with its checksum."""
    header[148:156] = b" " * 8
    values = (byte - 256 if signed and byte > 127 else byte for byte in header)
    header[148:156] = b"%06o\0 " % sum(values)
    return bytes(header)


def member(name, content=b"", *, kind=b"0", size=None, magic=b"ustar\x0000", signed=False):
    """A header and the content after it, as bytes."""
    header = bytearray(512)
    header[: len(name)] = name
    header[124:136] = b"%011o\0" % len(content) if size is None else size
    header[156:157] = kind
    header[257 : 257 + len(magic)] = magic
    return checksummed(header, signed=signed) + block(content)


def pax(**records):
    """The header and the records that say more of the member after them."""
    return member(b"PaxHeader", pax_records(records), kind=b"x")


def pax_records(records):
    lines = b""
    for key, value in records.items():
        body = b" %s=%s\n" % (key.encode(), value)
        length = len(body) + 1
        while len(b"%d" % length) + len(body) != length:
            length += 1
        lines += b"%d%s" % (length, body)
    return lines


def listed(path):
    """The members of a tar as they are read."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return list(TarReader(descriptor, str(path)).members())
    finally:
        os.close(descriptor)


def contents(path):
    """Names and contents of the files in a tar."""
    whole = path.read_bytes()
    files = [member for member in listed(path) if not member.other]
    return [(m.name.decode(), whole[m.offset : m.offset + m.num_bytes]) for m in files]


def read_by(way, path):
    """What becomes of a tar's samples: their rows and what is in none, or the error."""
    found = SampleReader()
    try:
        rows = way(path, found)
    except BsgrowError as error:
        return type(error), error.message, error.hint
    return rows, found.no_part, found.beside


def by_python_alone(path, found):
    """The samples of a tar, without the part that is in C++."""
    rows, start = [], 0
    descriptor = os.open(path, os.O_RDONLY)
    try:
        tar = TarReader(descriptor, str(path))
        while start is not None:
            sample, start = found.read(tar, start)
            if sample:
                image, label = sample
                rows.append((image.name, image.offset, image.num_bytes, label))
    finally:
        os.close(descriptor)
    return rows


def by_index(path, found):
    """The samples of a tar as they are indexed."""
    index = TarIndex([path], found)
    columns = index.offsets, index.lengths, index.labels
    return list(zip(index.names, *(column.tolist() for column in columns), strict=True))

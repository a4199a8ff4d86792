"""Unpacking gzip: what the standard library gives, in little memory, with an end to everything."""

import gzip
import io
import struct
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.files import gunzip
from bsgrow.files.gunzip import Gunzip

EMPTY = gzip.compress(b"", mtime=0)


class Counted(io.BytesIO):
    """Knows how many bytes were read."""

    def read(self, size=-1):
        content = super().read(size)
        self.num_read = getattr(self, "num_read", 0) + len(content)
        return content


def all_of(packed: bytes, size: int = 1000) -> bytes:
    stream = Gunzip(io.BytesIO(packed))
    content = b"".join(iter(lambda: stream.read(size), b""))
    assert stream.read(1) == b""
    return content


def header(flags: int, rest: bytes) -> bytes:
    """A member of `b"content"` with other fields in its header."""
    whole = gzip.compress(b"content", mtime=0)
    return whole[:3] + bytes((flags,)) + whole[4:10] + rest + whole[10:]


@given(
    members=st.lists(st.binary(max_size=3000), min_size=1, max_size=4),
    level=st.integers(0, 9),
    padding=st.integers(0, 100),
    size=st.integers(1, 4000),
)
def test_it_gives_what_was_packed(members, level, padding, size):
    packed = b"".join(gzip.compress(member, level) for member in members) + bytes(padding)
    assert all_of(packed, size) == b"".join(members) == gzip.decompress(packed)


@given(cut=st.integers(1, 200), content=st.binary(min_size=200, max_size=2000))
def test_it_never_takes_a_part_for_the_whole(cut, content):
    packed = gzip.compress(content)
    with pytest.raises(EOFError):
        all_of(packed[:-cut] if cut < len(packed) else packed[:1])


FIELDS = {
    "an extra field": header(4, struct.pack("<H", 65535) + bytes(65535)),
    "a name": header(8, b"name\0"),
    "a comment": header(16, b"x" * 70_000 + b"\0"),
    "a checksum": header(2, b"ab"),
    "all of them": header(30, b"\2\0ab" + b"name\0" + b"comment\0" + b"ab"),
}


@pytest.mark.parametrize("kind", FIELDS)
def test_fields_of_the_header_are_passed_over(kind):
    assert all_of(FIELDS[kind]) == b"content"


DAMAGED = {
    "text behind the end": (gzip.compress(b"a") + b"text that is no member", "no gzip member"),
    "text behind zeros": (gzip.compress(b"a") + bytes(70_000) + b"more than ten", "no gzip member"),
    "another method": (b"\x1f\x8b\x07" + gzip.compress(b"a")[3:], "no gzip member"),
    "a wrong checksum": (gzip.compress(b"a")[:-8] + bytes(8), "CRC check failed"),
    "no deflate": (gzip.compress(b"a")[:10] + b"\xff" * 50, "invalid block type"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_is_damaged(kind):
    packed, message = DAMAGED[kind]
    with pytest.raises(zlib.error, match=message):
        all_of(packed)


def test_a_name_without_an_end_is_not_searched_to_the_end_of_the_file():
    packed = Counted(gzip.compress(b"")[:3] + b"\x08" + bytes(6) + b"x" * (1 << 22))
    with pytest.raises(zlib.error, match="a gzip header of more than 131072 bytes"):
        Gunzip(packed).read(1)
    assert packed.num_read < 1 << 18


def test_members_without_content_are_counted(monkeypatch):
    monkeypatch.setattr(gunzip, "_MOST_MEMBERS", 50)
    assert all_of(EMPTY * 49 + gzip.compress(b"end")) == b"end"
    with pytest.raises(zlib.error, match="more than 50 gzip members"):
        all_of(EMPTY * 50 + gzip.compress(b"end"))


def test_no_more_is_unpacked_or_read_than_is_asked_for():
    bomb = gzip.compress(bytes(1 << 26))
    packed = Counted(bomb * 8)
    tracemalloc.start()
    assert Gunzip(packed).read(100) == bytes(100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert packed.num_read <= 1 << 16
    assert peak < 1 << 19

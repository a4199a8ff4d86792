"""Shards that are made to exhaust memory or time: files with holes, pipes, one file as many."""

import os
import struct
import zlib

import pytest

from bsgrow.data.shards import ShardError, open_shards
from bsgrow.data.shards.layout import HEADER, MAGIC, RECORD, VERSION
from bsgrow.data.verify import verify
from bsgrow.errors import BsgrowError
from tests.data.shard_files import PACK_ID, images_of, shard_bytes, write_shards
from tests.peak_memory import little_memory

FIRST = "shard-000000.bsgrow"
HOLE = 1 << 26


def write_holes(path, counts, lengths, *, beyond=0, parts=()):
    """A shard whose index is zeros that take no disk, but for `parts`, under a right checksum.

    Args:
        path: of the shard.
        counts: samples and classes.
        lengths: of class names, names, changes and what was left out.
        beyond: bytes behind the index.
        parts: offsets from the end of the header, and what stands there.
    """
    num_samples, num_classes = counts
    index_bytes = HEADER.size + RECORD.itemsize * num_samples + sum(lengths)
    fields = (index_bytes, index_bytes + beyond, PACK_ID, 0, 1, num_samples, num_classes, *lengths)
    with path.open("w+b") as stream:
        stream.write(HEADER.pack(MAGIC, VERSION, 0, *fields))
        stream.truncate(index_bytes + beyond)
        for offset, content in parts:
            stream.seek(HEADER.size + offset)
            stream.write(content)
        stream.seek(16)
        checksum, left = 0, index_bytes - 16
        while left:
            chunk = stream.read(min(left, 1 << 20))
            checksum, left = zlib.crc32(chunk, checksum), left - len(chunk)
        stream.seek(12)
        stream.write(checksum.to_bytes(4, "little"))


def record(index_bytes, name_end):
    """One sample of a byte, aligned behind the index."""
    return struct.pack("<Q8I", -(-index_bytes // 64) * 64, 1, 0, 0, 1, 1, name_end, 1, 0)


NAME = 1 << 20
NAMED = HEADER.size + RECORD.itemsize + 2 + NAME
HOLES = {
    "records": ((HOLE // 40, 1), (2, 0, 0, 0), {}, "sample 0 has the length 0"),
    "records of 2**60 bytes": ((1, 1), (2, 1 << 60, 0, 0), None, "does not fit its parts"),
    "classes": ((0, 1 << 24), (1 << 24, 0, 0, 0), {}, f"{1 << 24} classes are above the most"),
    "class names": ((0, 1 << 20), (1 << 24, 0, 0, 0), {}, "an empty name among class names"),
    "more class names": ((0, 1), (HOLE, 0, 0, 0), {}, f"{HOLE} bytes of class names are above"),
    "names without samples": (
        (0, 1),
        (2, HOLE, 0, 0),
        {"parts": [(0, b"c\0")]},
        "names without samp",
    ),
    "a name": (
        (1, 1),
        (2, NAME, 0, 0),
        {
            "parts": [(0, record(NAMED, NAME)), (RECORD.itemsize, b"c\0")],
            "beyond": -NAMED % 64 + 1,
        },
        "a zero byte in the name of a sample",
    ),
    "changes": ((0, 1), (2, 0, HOLE, 0), {"parts": [(0, b"c\0")]}, "of changes are above the most"),
    "what was left out": (
        (0, 1),
        (2, 0, 0, HOLE),
        {"parts": [(0, b"c\0")]},
        "an empty name among names left out",
    ),
    "more that was left out": (
        (0, 1),
        (2, 0, 0, 2 * HOLE),
        {"parts": [(0, b"c\0")]},
        "bytes of names left out are above the most",
    ),
}


@pytest.mark.parametrize("kind", HOLES)
def test_zeros_that_take_no_disk_take_no_memory(tmp_path, kind):
    counts, lengths, more, problem = HOLES[kind]
    if more is None:  # what its header claims is longer than any file
        path = tmp_path / FIRST
        write_holes(path, counts, (2, 0, 0, 0))
        content = bytearray(path.read_bytes())
        struct.pack_into("<Q", content, 16, (1 << 60) + 154)
        struct.pack_into("<4Q", content, 80, *lengths)
        path.write_bytes(content)
    else:
        write_holes(tmp_path / FIRST, counts, lengths, **more)
    with little_memory():
        with pytest.raises(ShardError, match=problem):
            open_shards(tmp_path)
        (error,) = verify(tmp_path, num_workers=1).damaged
    assert problem in str(error)


def test_a_file_of_a_tebibyte_behind_its_index(tmp_path):
    content = shard_bytes(images_of(2))
    (tmp_path / FIRST).write_bytes(content)
    os.truncate(tmp_path / FIRST, 1 << 40)
    with little_memory(), pytest.raises(ShardError, match=f"{1 << 40} are there"):
        open_shards(tmp_path)


def test_one_shard_under_many_names_is_read_twice(tmp_path, monkeypatch):
    folder = write_shards(tmp_path, images_of(2))
    for number in range(1, 50):
        os.link(folder / FIRST, folder / f"shard-{number:06d}.bsgrow")
    read, pread = [], os.pread
    monkeypatch.setattr(os, "pread", lambda *args: read.append(args) or pread(*args))
    with pytest.raises(BsgrowError, match=r"shard-000001.bsgrow is missing, of 1"):
        open_shards(folder)
    assert len(read) < 20


def test_class_names_that_are_alike_are_held_once(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr("bsgrow.data.shards.split.ShardSplit", lambda _, indices: kept or indices)
    monkeypatch.setattr("bsgrow.data.shards.split.tell_what_is_left", lambda *_: None)
    first, *others = open_shards(write_shards(tmp_path, *[images_of(2)] * 5))
    assert all(index.class_names is first.class_names for index in others)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_no_regular_file_in_place_of_a_shard(tmp_path, kind):
    path = tmp_path / FIRST
    {
        "pipe": lambda: os.mkfifo(path),
        "device": lambda: path.symlink_to("/dev/zero"),
        "folder": path.mkdir,
    }[kind]()
    with pytest.raises(BsgrowError, match=r"not a regular file|Is a directory|no packed shards"):
        open_shards(tmp_path)


def test_a_shard_that_becomes_a_pipe_while_training(tmp_path):
    split = open_shards(write_shards(tmp_path, images_of(2)))
    (tmp_path / FIRST).unlink()
    os.mkfifo(tmp_path / FIRST)
    with pytest.raises(BsgrowError, match=r"shard-000000.bsgrow .*not a regular file"):
        split.read(0)


def test_records_are_checked_across_chunks(tmp_path, monkeypatch):
    """The first record of a chunk may not lie in the last of the one before."""
    monkeypatch.setattr("bsgrow.data.shards.index_reading._CHUNK", 2 * RECORD.itemsize)
    images = images_of(7)
    folder = write_shards(tmp_path, images)
    split = open_shards(folder)
    assert [bytes(split.read(i)) for i in range(7)] == images
    whole = bytearray(shard_bytes([image + bytes(900) for image in images]))
    struct.pack_into("<I", whole, 112 + 40 + 8, 2048)  # sample 1 runs into sample 2
    whole[12:16] = zlib.crc32(whole[16 : struct.unpack_from("<Q", whole, 16)[0]]).to_bytes(
        4, "little"
    )
    (folder / FIRST).write_bytes(whole)
    with pytest.raises(ShardError, match=f"at byte {112 + 80}: sample 2 has the offset"):
        open_shards(folder)

import errno
import os
import struct
import threading
import zlib

import numpy as np
import pytest

from bsgrow.data import SampleError
from bsgrow.data.folder.sample_files import SampleFiles
from bsgrow.data.shards import ShardError, open_shards
from bsgrow.errors import BsgrowError, InputError
from tests.data.conftest import open_descriptors
from tests.data.shard_files import images_of, shard_bytes, with_field, write_shards

PARTS = (images_of(5), images_of(7, seed=1), images_of(3, seed=2))
ALL = [image for part in PARTS for image in part]
FIRST = "shard-000000.bsgrow"


@pytest.fixture
def folder(tmp_path):
    return write_shards(tmp_path / "train", *PARTS)


def test_what_was_packed_is_read(folder):
    split = open_shards(folder)
    assert [bytes(split.read(i)) for i in range(len(split))] == ALL
    assert len(split) == 15
    assert split.class_names == ("c0", "c1", "c2")
    assert split.labels.tolist() == [0, 1, 2, 0, 1, 0, 1, 2, 0, 1, 2, 0, 0, 1, 2]
    assert [split.size(i) for i in range(15)] == [(12, 16)] * 15
    assert split.left_out == (b"c0/bad.jpg",) * 3
    assert split.name(5) == b"c0/0.jpg"
    assert split.locate(5).startswith(f"{folder}/shard-000001.bsgrow at byte ")


def test_the_bytes_are_those_of_the_specification(tmp_path):
    """Read with nothing but the tables of README.md."""
    images = [b"one", b"another"]
    content = shard_bytes(images, changes="shortest side 8")
    magic, version, checksum = struct.unpack_from("<8sII", content)
    index_bytes, file_bytes, pack_id = struct.unpack_from("<QQ32s", content, 16)
    shard, num_shards, num_samples, num_classes = struct.unpack_from("<4I", content, 64)
    lengths = struct.unpack_from("<4Q", content, 80)
    assert (magic, version, file_bytes) == (b"\x89bsgrow\n", 1, len(content))
    assert checksum == zlib.crc32(content[16:index_bytes])
    assert (shard, num_shards, num_samples, num_classes) == (0, 1, 2, 3)
    assert pack_id == bytes(range(32))
    assert index_bytes == 112 + 40 * num_samples + sum(lengths)
    texts, start = [], 112 + 40 * num_samples
    for length in lengths:
        texts.append(content[start : start + length])
        start += length
    assert texts == [b"c0\0c1\0c2\0", b"c0/0.jpgc1/1.jpg", b"shortest side 8", b"c0/bad.jpg\0"]
    for i, image in enumerate(images):
        offset, *rest = struct.unpack_from("<Q8I", content, 112 + 40 * i)
        assert rest == [len(image), zlib.crc32(image), i, 12, 16, 8 * (i + 1), len(image), 0]
        assert offset % 64 == 0
        assert content[offset : offset + len(image)] == image
    assert content.endswith(b"another")


def test_a_shard_without_a_sample(tmp_path):
    split = open_shards(write_shards(tmp_path, [], PARTS[0], []))
    assert [bytes(split.read(i)) for i in range(5)] == PARTS[0]
    assert "shard-000001" in split.locate(0)
    with pytest.raises(InputError, match="hold no image"):
        open_shards(write_shards(tmp_path / "nothing", [], []))


def test_a_flipped_bit_anywhere_in_an_index_is_noticed(tmp_path):
    whole = shard_bytes(PARTS[0])
    index_bytes = struct.unpack_from("<Q", whole, 16)[0]
    folder = write_shards(tmp_path, PARTS[0])
    for bit in range(0, 8 * index_bytes, 17):
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        (folder / FIRST).write_bytes(content)
        with pytest.raises(ShardError, match=rf"{FIRST} at byte \d+: "):
            open_shards(folder)


def test_a_flipped_bit_anywhere_in_an_image_is_noticed(folder):
    split = open_shards(folder)
    whole = (folder / FIRST).read_bytes()
    offset = int(split.locate(0).split("at byte ")[1].split()[0])
    for bit in range(0, 8 * len(ALL[0]), 13):
        content = bytearray(whole)
        content[offset + bit // 8] ^= 1 << bit % 8
        (folder / FIRST).write_bytes(content)
        with pytest.raises(SampleError, match="its checksum is") as caught:
            open_shards(folder).read(0)
        assert caught.value.where == f"{folder}/{FIRST} at byte {offset} (c0/0.jpg)"
        assert "copy it again" in caught.value.hint


def test_a_shard_cut_short_anywhere_is_noticed_on_opening(folder):
    whole = (folder / FIRST).read_bytes()
    for length in range(0, len(whole), 9):
        (folder / FIRST).write_bytes(whole[:length])
        with pytest.raises(ShardError, match=rf"{FIRST} at byte {length}: "):
            open_shards(folder)


def test_a_shard_cut_short_while_training_fails_sample_by_sample(folder):
    split = open_shards(folder)
    bytes(split.read(0))
    offset = int(split.locate(2).split("at byte ")[1].split()[0])
    os.truncate(folder / FIRST, offset + 1)
    assert bytes(split.read(1)) == ALL[1]
    with pytest.raises(SampleError) as caught:
        split.read(2)
    assert caught.value.where == f"{folder}/{FIRST} at byte {offset + 1}"
    assert caught.value.reason == f"the file ends, {len(ALL[2]) - 1} bytes too early"
    assert bytes(split.read(6)) == ALL[6]


def test_a_shard_removed_while_training(folder):
    split = open_shards(folder)
    bytes(split.read(0))
    (folder / FIRST).unlink()
    assert bytes(split.read(1)) == ALL[1], "an open file stays"
    (folder / "shard-000001.bsgrow").unlink()
    with pytest.raises(SampleError, match=r"shard-000001.bsgrow at byte \d+: cannot be read: No s"):
        split.read(5)


def test_a_disk_that_returns_errors(folder, monkeypatch):
    split = open_shards(folder)

    def fail(descriptor, num_bytes, offset):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(SampleError, match=rf"{FIRST} at byte \d+: cannot be read: Input/output"):
        split.read(0)
    with pytest.raises(BsgrowError, match=rf"{FIRST}: cannot be read: Input/output"):
        open_shards(folder)


def test_a_shard_that_is_missing(folder):
    (folder / "shard-000001.bsgrow").unlink()
    with pytest.raises(InputError, match=r"shard-000001.bsgrow is missing, of 3"):
        open_shards(folder)
    (folder / "shard-000002.bsgrow").unlink()
    with pytest.raises(InputError, match=r"shard-000001.bsgrow is missing, of 3"):
        open_shards(folder)
    (folder / FIRST).unlink()
    with pytest.raises(InputError, match="no packed shards"):
        open_shards(folder)


@pytest.mark.parametrize(
    "changes",
    [{"pack_id": bytes(32)}, {"class_names": (b"c0", b"c1", b"x")}, {"changes": "other"}],
    ids=lambda changes: next(iter(changes)),
)
def test_shards_of_two_splits(folder, changes):
    content = shard_bytes(PARTS[1], shard=1, num_shards=3, **changes)
    (folder / "shard-000001.bsgrow").write_bytes(content)
    with pytest.raises(InputError, match=r"shard-000001.bsgrow"):
        open_shards(folder)


def test_a_shard_under_another_name(folder):
    (folder / "shard-000002.bsgrow").rename(folder / "shard-000004.bsgrow")
    with pytest.raises(InputError, match="is shard 2, under another name"):
        open_shards(folder)


# Offsets of README.md; a record is at 112 + 40 i, and the last sample of five is i = 4.
OUT_OF_RANGE = [
    ("version", 8, 2, "version 2; this release reads version 1"),
    ("shard number", 64, 1, "shard 1 of 1"),
    ("no class", 76, 0, "0 classes"),
    ("more classes than names", 76, 4, "3 class names for 4 classes"),
    ("offset not aligned", 112, 513, "sample 0 has the offset 513"),
    ("offset in the index", 112, 64, "sample 0 has the offset 64"),
    ("offset beyond the file", 112 + 4, 1, "sample 0 has the offset"),
    ("offset that would wrap around", 112 + 4, 0xFFFFFFFF, "sample 0 has the offset"),
    ("no bytes", 112 + 40 + 8, 0, "sample 1 has the length 0"),
    ("a length beyond all", 112 + 8, 0xFFFFFFFF, "sample 0 has the length 4294967295"),
    ("a length beyond the file", 112 + 160 + 8, 1 << 20, "sample 4 has the length 1048576"),
    ("into the next image", 112 + 8, 2048, "sample 1 has the offset"),
    ("label", 112 + 80 + 16, 3, "sample 2 has the label 3"),
    ("height", 112 + 20, 0, "sample 0 has the height 0"),
    ("width", 112 + 24, 1 << 31, "sample 0 has the width 2147483648"),
    ("name that goes back", 112 + 40 + 28, 7, "sample 1 has the name_end 7"),
    ("name beyond the names", 112 + 160 + 28, 99, "sample 4 has the name_end 99"),
    ("names longer than needed", 112 + 160 + 28, 39, "the last name does not end the names"),
    ("changed", 112 + 36, 2, "sample 0 has the changed 2"),
]


@pytest.mark.parametrize(("what", "offset", "value", "problem"), OUT_OF_RANGE, ids=lambda v: str(v))
def test_a_field_out_of_range_under_a_right_checksum(tmp_path, what, offset, value, problem):
    folder = write_shards(tmp_path, [image + bytes(900) for image in PARTS[0]])
    path = folder / FIRST
    path.write_bytes(with_field(path.read_bytes(), offset, value))
    with pytest.raises(ShardError, match=rf"{FIRST} at byte \d+: ") as caught:
        open_shards(folder)
    assert problem in caught.value.reason, what


def test_a_file_that_is_no_shard(tmp_path):
    (tmp_path / FIRST).write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    with pytest.raises(ShardError, match=r"at byte 0: .*not a packed shard"):
        open_shards(tmp_path)


def test_the_fingerprint_tells_changed_pixels_from_unchanged(tmp_path):
    def of(name, **changes):
        return open_shards(write_shards(tmp_path / name, PARTS[0], **changes)).fingerprint

    assert of("a") == of("b", pack_id=bytes(32)), "how it was cut does not matter"
    assert of("c", changes="never applied") == of("a")
    folder = write_shards(tmp_path / "d", PARTS[0], changes="shortest side 8")
    path = folder / FIRST
    path.write_bytes(with_field(path.read_bytes(), 112 + 36, 1))
    assert open_shards(folder).fingerprint != of("a")


def test_more_shards_than_may_be_open_and_many_threads(tmp_path, monkeypatch):
    monkeypatch.setattr("bsgrow.files.open_files._MOST_OPEN", 2)
    parts = [images_of(2, seed) for seed in range(9)]
    split = open_shards(write_shards(tmp_path, *parts))
    expected, failures = [image for part in parts for image in part], []

    def read_all(seed):
        samples = np.random.default_rng(seed).integers(0, 18, 300).tolist()
        failures.extend(i for i in samples if bytes(split.read(i)) != expected[i])

    before = len(open_descriptors())
    threads = [threading.Thread(target=read_all, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(open_descriptors()) <= before + 2


def test_descriptors_are_closed_with_the_split(folder):
    before = open_descriptors()
    split = open_shards(folder)
    for sample in range(len(split)):
        split.read(sample)
    assert len(open_descriptors()) == len(before) + 3
    del split
    assert open_descriptors() == before


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_reading_after_a_fork(folder):
    split = open_shards(folder)
    split.read(0)
    child = os.fork()
    if child == 0:
        os._exit([bytes(split.read(i)) for i in range(15)] != ALL)
    assert [bytes(split.read(i)) for i in range(15)] == ALL
    assert os.waitpid(child, 0)[1] == 0


def test_reading_nothing_of_a_file(tmp_path):
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(SampleError, match="the file ends, 3 bytes too early"):
        SampleFiles([str(tmp_path / "f")]).read(0, 0, 3)

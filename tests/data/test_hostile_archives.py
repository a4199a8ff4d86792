"""CIFAR archives and IDX files that are made to exhaust memory or time, or to mislead."""

import gzip
import io
import os
import socket
import tarfile

import numpy as np
import pytest

from bsgrow.data import find_spec
from bsgrow.data.arrays import cifar_binary
from bsgrow.data.arrays.cifar_binary import _MOST_BESIDE
from bsgrow.data.arrays.fashion_mnist import FILES
from bsgrow.data.arrays.idx import read_idx
from bsgrow.errors import BsgrowError
from tests.data.cifar_files import Small
from tests.peak_memory import little_memory

PAX_FILE, GLOBAL_PAX, LONG_NAME, LONG_LINK, OLD_SPARSE = b"x", b"g", b"L", b"K", b"S"


@pytest.fixture
def small(tmp_path) -> Small:
    return Small("cifar100", tmp_path, num_test=2)


def member(kind: bytes, content: bytes = b"", name: str = "a", **fields) -> bytes:
    """One member as it lies in a tar, or a header that lies itself."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def record(key: bytes, value: bytes) -> bytes:
    """A pax record; its length counts itself."""
    text = b" " + key + b"=" + value + b"\n"
    return next(b"%d" % n + text for n in range(len(text), 99_999) if n == len(b"%d" % n + text))


SPARSE_MAPS = {
    "0.0": [(b"GNU.sparse.numblocks", b"9" * 400), (b"GNU.sparse.offset", b"-1")],
    "0.1": [(b"GNU.sparse.map", b"0,1," * 1000 + b"x"), (b"GNU.sparse.size", b"1" * 30)],
    "1.0": [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0")],
}
FRONTS = {
    "a huge pax header": (
        member(PAX_FILE, b"6 a=b\n" * (1 << 20)),
        "metadata of 6291456 bytes in all at byte 512; expected at most 1 MiB",
    ),
    "a huge global one": (member(GLOBAL_PAX, b"6 a=b\n" * (1 << 20)), "at most 1 MiB"),
    "a huge long name": (member(LONG_NAME, b"n" * (1 << 21)), "at most 1 MiB"),
    "a huge long link": (member(LONG_LINK, b"n" * (1 << 21)), "at most 1 MiB"),
    "pax records in disorder": (member(PAX_FILE, b"99 a=b\n"), "length key=value"),
    "a pax size that is none": (
        member(PAX_FILE, record(b"size", b"9" * 400)) + member(b"0"),
        "length key=value",
    ),
    "a large pax size": (
        member(PAX_FILE, record(b"size", b"%d" % 10**17)) + member(b"0"),
        f"a of {10**17} bytes at byte 1536; expected at most",
    ),
    "a member of 2**60 bytes": (member(b"0", size=2**60), f"a of {2**60} bytes at byte 512"),
    "a member below 0": (member(b"0", size=-5), "a member of no size at byte 512"),
    "a long name below 0": (member(LONG_NAME, size=-5), "a member of no size"),
    "an old sparse file": (member(OLD_SPARSE), "a sparse file"),
    "control characters": (
        member(b"0", name="\x1b[2Jtest.bin", size=2**60),
        r"'\x1b[2Jtest.bin' of",
    ),
} | {
    f"a sparse map, version {version}": (
        member(PAX_FILE, b"".join(record(*pair) for pair in pairs)) + member(b"0", b"1\n0\n"),
        "a sparse file",
    )
    for version, pairs in SPARSE_MAPS.items()
}


def refusal(small, path):
    with pytest.raises(BsgrowError) as caught:
        small.load(path)
    assert caught.value.hint
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize("kind", FRONTS)
@pytest.mark.parametrize("packed", [True, False])
def test_what_stands_before_the_batches(small, tmp_path, kind, packed):
    front, expected = FRONTS[kind]
    path = tmp_path / "some.tar.gz"
    content = front + small.tar()
    path.write_bytes(gzip.compress(content, 1) if packed else content)
    with little_memory(6 << 20):
        message = refusal(small, path)
    assert expected in message.replace("\\\\", "\\")


HARMLESS = {
    "links": member(b"1", linkname="b") + member(b"2", linkname="/etc/passwd", size=2**40),
    "devices and pipes": member(b"3") + member(b"4") + member(b"6") + member(b"5"),
    "pax records": member(PAX_FILE, record(b"mtime", b"1.5")) + member(b"0", b"text"),
    "a long name": member(LONG_NAME, b"n" * 200 + b"\0") + member(b"0", b"text"),
    "global records": member(GLOBAL_PAX, record(b"comment", b"x")) + member(b"0", b"text"),
    "many members": member(b"0", b"text") * 3000,
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_is_passed_over(small, kind):
    _, test = small.load(small.pack(HARMLESS[kind] + small.tar()))
    np.testing.assert_array_equal(test.images, small.images["test.bin"])


def test_most_beside_the_batches_is_far_above_what_the_official_archives_have():
    assert 1 << 25 <= _MOST_BESIDE <= 1 << 27


class TestBombs:
    """With little beside the batches, so that the bombs may be little."""

    @pytest.fixture(autouse=True)
    def little_beside(self, monkeypatch):
        monkeypatch.setattr(cifar_binary, "_MOST_BESIDE", 1 << 20)

    @pytest.mark.parametrize("place", ["before", "behind", "as a member", "as many metadata"])
    def test_zeros_are_not_unpacked_to_their_end(self, small, place):
        zeros, whole = bytes(1 << 24), small.tar()
        content = {
            "before": member(b"0", zeros) + whole,
            "behind": whole + zeros,
            "as a member": member(b"0", zeros, name="test.bin"),
            "as many metadata": member(PAX_FILE, b"6 a=b\n" * 100) * 2000 + whole,
        }[place]
        path = small.pack(content)
        with little_memory(6 << 20):
            message = refusal(small, path)
        assert "in all" in message or "more data at byte 6148" in message

    def test_a_packed_file_that_is_too_long_is_not_read(self, small):
        path = small.pack()
        os.truncate(path, 1 << 40)  # zeros that take no disk
        assert f"more data, of {1 << 40} bytes in all" in refusal(small, path)

    def test_zeros_behind_the_packed_data_are_padding(self, small):
        path = small.pack()
        os.truncate(path, path.stat().st_size + 10_000)
        small.load(path)
        with path.open("ab") as stream:
            stream.write(b"text that is no member")
        assert "no gzip member" in refusal(small, path)


@pytest.mark.parametrize("tail", [bytes(1 << 24), b"\1"], ids=["bomb", "a byte"])
def test_an_idx_file_is_unpacked_to_the_byte_behind_its_array(tmp_path, idx_bytes, tail):
    content = idx_bytes(np.zeros((4, 3), np.uint8)) + tail
    (tmp_path / "a.gz").write_bytes(gzip.compress(content, 1))
    with (
        little_memory(1 << 19),
        pytest.raises(BsgrowError, match="more data at byte 24; expected the end of the file"),
    ):
        read_idx(tmp_path / "a.gz", (4, 3))


@pytest.mark.parametrize("start", [b"", gzip.compress(b"")], ids=["plain", "packed"])
def test_an_idx_file_of_a_tebibyte(tmp_path, start):
    (tmp_path / "a").write_bytes(start)
    os.truncate(tmp_path / "a", 1 << 40)
    with pytest.raises(BsgrowError, match=f"more data, of {1 << 40} bytes in all"):
        read_idx(tmp_path / "a", (4, 3))


def in_place_of(path, kind):
    """Something that is no file and that a reader would wait for, or read for ever."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.relpath(path))


@pytest.mark.parametrize("kind", ["pipe", "device", "socket"])
def test_no_regular_file(small, tmp_path, kind, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the address of a socket is short
    folder = small.unpack(tmp_path / "unpacked")
    for name in ("train.bin", "test.bin"):
        (folder / name).unlink()
        in_place_of(folder / name, kind)
        assert f"{name}: cannot be opened: not a regular file" in refusal(small, folder)
        (folder / name).unlink()
        (folder / name).write_bytes(small.files[name])
    archive = tmp_path / small.layout.archive.name
    in_place_of(archive, kind)
    assert "cannot be opened: not a regular file" in refusal(small, tmp_path)
    in_place_of(tmp_path / "idx", kind)
    with pytest.raises(BsgrowError, match="idx: cannot be opened: not a regular file"):
        read_idx(tmp_path / "idx", (4, 3))


@pytest.mark.parametrize("name", ["cifar10", "fashion-mnist"])
def test_planning_refuses_what_training_could_not_read(tmp_path, name):
    for file in ("data_batch_1.bin", *(file.name for file in FILES)):
        os.mkfifo(tmp_path / file)
    expected = "lacks data_batch_2.bin" if name == "cifar10" else "not a regular file"
    with pytest.raises(BsgrowError, match=expected):
        find_spec(name).look(tmp_path)
    os.mkfifo(tmp_path / "archive")
    expected = "not a regular file" if name == "cifar10" else "is not a directory"
    with pytest.raises(BsgrowError, match=expected):
        find_spec(name).look(tmp_path / "archive")


def test_a_python_archive_is_not_unpickled(small):
    """What is no binary batch file is not looked at, whatever it is called."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        bomb = b"cos\nabort\n(tR."  # a pickle that ends the process
        info = tarfile.TarInfo("cifar-100-python/train")
        info.size = len(bomb)
        tar.addfile(info, io.BytesIO(bomb))
    assert "lacks train.bin, test.bin" in refusal(small, small.pack(raw.getvalue()))

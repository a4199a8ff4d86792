"""Whether a tar was read to its real end: no member is lost in silence."""

import errno
import os
import subprocess
import tarfile

import pytest

from bsgrow.data.encoded.dataset import DamagedError
from bsgrow.data.tar.end import is_explained
from tests.data.tar_files import listed, make_tar, member

KIB, MIB = 1 << 10, 1 << 20
MEMBERS = [(f"{i // 2:05d}.{'jpg' if i % 2 else 'cls'}", b"%d" % i * 300) for i in range(40)]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A tar as bytes, and the byte at which each member begins; the last is its end."""
    path = make_tar(tmp_path_factory.mktemp("tar") / "a.tar", MEMBERS)
    with tarfile.open(path) as tar:
        members = tar.getmembers()
    last = members[-1]
    return path.read_bytes(), [m.offset for m in members] + [last.offset_data + 1024]


def refused(tmp_path, content):
    path = tmp_path / "t.tar"
    path.write_bytes(content)
    with pytest.raises(DamagedError) as caught:
        listed(path)
    assert str(path) in caught.value.where
    return caught.value


@pytest.mark.parametrize("number", [0, 1, 20, 39])
def test_a_lone_block_of_zeros(archive, tmp_path, number):
    whole, starts = archive
    start = starts[number]
    error = refused(tmp_path, whole[:start] + bytes(512) + whole[start + 512 :])
    assert error.where.endswith(f"t.tar at byte {start}")
    assert f"data follows at byte {start + 512}:" in error.reason


@pytest.mark.parametrize("num_zeroed", [1, 2, 7])
def test_whole_members_of_zeros(archive, tmp_path, num_zeroed):
    whole, starts = archive
    start, stop = starts[10], starts[10 + num_zeroed]
    error = refused(tmp_path, whole[:start] + bytes(stop - start) + whole[stop:])
    assert error.where.endswith(f"t.tar at byte {start}")
    assert f"data follows at byte {stop}:" in error.reason


@pytest.mark.parametrize("number", range(20))
def test_zeros_from_somewhere_on(archive, tmp_path, number):
    whole, starts = archive
    start = starts[number]
    error = refused(tmp_path, whole[:start] + bytes(len(whole) - start))
    assert error.where.endswith(f"t.tar at byte {start}")
    assert f"{len(whole) - start} zeros up to the end of the file" in error.reason
    assert error.hint.endswith(f"end it there: `truncate --size={start + 1024} {tmp_path}/t.tar`")


def test_zeros_from_the_midst_of_a_member_on(archive, tmp_path):
    whole, starts = archive
    cut = starts[7] + 700
    error = refused(tmp_path, whole[:cut] + bytes(len(whole) - cut))
    assert error.where.endswith(f"t.tar at byte {starts[8]}")


def test_archives_one_after_the_other(archive, tmp_path):
    whole, starts = archive
    error = refused(tmp_path, whole + whole)
    assert error.where.endswith(f"t.tar at byte {starts[-1]}")
    assert f"data follows at byte {len(whole)}: archives that were joined" in error.reason
    assert refused(tmp_path, whole[: starts[-1] + 512] + whole)
    assert refused(tmp_path, whole[: starts[-1] + 1024] + whole)


@pytest.mark.parametrize("junk", [b"x", b"\0\0x", member(b"a.jpg"), bytes(MIB) + b"x"])
def test_anything_behind_the_end(archive, tmp_path, junk):
    whole, starts = archive
    error = refused(tmp_path, whole + junk)
    where = len(whole) + len(junk) - len(junk.lstrip(b"\0"))
    assert error.where.endswith(f"at byte {starts[-1]}")
    assert f"data follows at byte {where}:" in error.reason


def test_no_end_at_all(archive, tmp_path):
    whole, starts = archive
    for end in (starts[20], starts[-1]):
        error = refused(tmp_path, whole[:end])
        assert error.where.endswith(f"t.tar at byte {end}")
        assert error.hint.endswith(f"end it there: `truncate --size={end + 1024} {tmp_path}/t.tar`")


def test_joined_archives_can_be_parted_as_the_hint_says(archive, tmp_path):
    whole, _ = archive
    hint = refused(tmp_path, whole * 2).hint
    subprocess.run(["sh", "-c", hint.split("`")[1]], check=True)
    assert [len(listed(path)) for path in sorted(tmp_path.iterdir())] == [40, 40]


def test_the_hints_can_be_followed(archive, tmp_path):
    whole, starts = archive
    for content in (whole[: starts[20]], whole[: starts[20]] + bytes(len(whole) - starts[20])):
        hint = refused(tmp_path, content).hint
        size = int(hint.partition("--size=")[2].split()[0])
        os.truncate(tmp_path / "t.tar", size)
        assert len(listed(tmp_path / "t.tar")) == 20


@pytest.mark.parametrize("blocks", [*range(1, 21), *(1 << bits for bits in range(5, 13))])
@pytest.mark.parametrize("end", [512, 1024, 9216, 9728, 10240, MIB, MIB + 512, 5 * MIB - 512])
def test_what_any_blocking_factor_leaves_is_an_end(blocks, end):
    record = 512 * blocks
    file_bytes = -(-(end + 1024) // record) * record
    assert is_explained(end, file_bytes)


@pytest.mark.parametrize("zeros", [512, 700, 1024])
def test_one_block_of_zeros_or_two_are_an_end(zeros):
    assert is_explained(512 * 1009, 512 * 1009 + zeros)


@pytest.mark.parametrize(
    ("end", "file_bytes"),
    [
        (7 * KIB, 20 * KIB),  # of a tar of two records
        (1536, 256_000),
        (MIB, MIB + 11 * KIB),
        (512 * 1000, 512 * 1009),  # in no whole records
        (32 * MIB, 64 * MIB),
        (0, 64 * KIB),  # nothing but zeros, and more than a record
        (0, 1 << 40),
    ],
)
def test_what_no_writer_leaves_is_none(end, file_bytes):
    assert not is_explained(end, file_bytes)


def test_a_tar_without_members(tmp_path):
    path = make_tar(tmp_path / "t.tar", [])
    assert path.stat().st_size == 10240
    assert listed(path) == []
    error = refused(tmp_path, bytes(1 << 20))
    assert error.where.endswith("t.tar at byte 0")


def test_a_tar_of_no_bytes(tmp_path):
    error = refused(tmp_path, b"")
    assert (error.where, error.reason) == (
        f"{tmp_path}/t.tar at byte 0",
        "the file ends in place of a header: it was cut short",
    )


def test_terabytes_of_zeros_take_no_time(tmp_path):
    path = tmp_path / "t.tar"
    path.write_bytes(member(b"a.jpg", b"x"))
    os.truncate(path, 1 << 40)
    with pytest.raises(DamagedError, match=f"at byte 1024: {(1 << 40) - 1024} zeros up to"):
        listed(path)


def test_a_disk_that_fails_behind_the_end(archive, tmp_path, monkeypatch):
    whole, starts = archive
    path = tmp_path / "t.tar"
    path.write_bytes(whole)
    pread = os.pread

    def fail(descriptor, num_bytes, offset):
        if num_bytes > 10_000:
            raise OSError(errno.EIO, "Input/output error")
        return pread(descriptor, num_bytes, offset)

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(DamagedError, match=f"at byte {starts[-1]}: cannot be read: Input/output"):
        listed(path)


@pytest.mark.parametrize(
    ("magic", "name", "command"),
    [
        (b"\x1f\x8b\x08", "gzip", "gunzip"),
        (b"\x28\xb5\x2f\xfd", "zstd", "unzstd --rm"),
        (b"BZh9", "bzip2", "bunzip2"),
        (b"\xfd7zXZ\0", "xz", "unxz"),
    ],
)
@pytest.mark.parametrize("num_bytes", [100, 5000])
def test_a_compressed_file_that_is_called_tar(tmp_path, magic, name, command, num_bytes):
    error = refused(tmp_path, magic + b"x" * num_bytes)
    assert error.where.endswith("t.tar at byte 0")
    assert error.reason.startswith(f"compressed by {name}, though")
    assert f": `mv {tmp_path}/t.tar {tmp_path}/t.tar." in error.hint
    assert f"&& {command} {tmp_path}/t.tar." in error.hint


def test_a_member_that_is_called_as_compressed_files_begin(tmp_path):
    assert listed(make_tar(tmp_path / "t.tar", [("BZh.jpg", b"x")]))[0].name == b"BZh.jpg"

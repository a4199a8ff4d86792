"""One process at a time in a folder, in training and in packing."""

import errno
import fcntl
import os
import subprocess
import sys

import pytest

from bsgrow.data.packing import PackOptions, pack
from bsgrow.data.shards import open_shards
from bsgrow.data.verify import verify
from bsgrow.errors import BsgrowError, InputError
from bsgrow.files.lock import LOCK_FILE, is_locked, locked
from tests.data.conftest import encode_image, write_images

HOLD = """
import sys
from pathlib import Path
from bsgrow.files.lock import locked
with locked(Path(sys.argv[1]), "packing", "DEST"):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def source(tmp_path):
    return write_images(tmp_path / "in", {"c/0.jpg": encode_image()})


def test_two_packings_into_one_folder(source, tmp_path):
    dest = tmp_path / "out"
    dest.mkdir()
    words = [sys.executable, "-c", HOLD, str(dest)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(InputError, match="out: another process is packing there") as caught:
            pack(source, dest, PackOptions())
        assert caught.value.hint == "wait for it, or name another directory with DEST"
        assert list(dest.iterdir()) == [dest / LOCK_FILE]
        other.kill()
    pack(source, dest, PackOptions())
    assert len(open_shards(dest)) == verify(dest).num_samples == 1


def test_one_that_is_about_to_end_is_waited_for(tmp_path, monkeypatch):
    words = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"locked\n"
        monkeypatch.setattr("bsgrow.files.lock.time.sleep", lambda _: other.communicate())
        with locked(tmp_path, "training", "--out", seconds=1000):
            assert other.returncode == 0


def test_the_folder_is_free_when_packing_ends(source, tmp_path):
    (source / "c/1.jpg").write_bytes(b"text")
    for _ in range(2):
        with pytest.raises(BsgrowError, match="not an image"):
            pack(source, tmp_path / "out", PackOptions())
    with locked(tmp_path / "out", "packing", "DEST"):
        pass


def test_a_file_system_without_locks_is_no_other_process(tmp_path, monkeypatch):
    def refuse(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(BsgrowError, match=r"cannot lock .*: No locks available"),
        locked(tmp_path, "training", "--out"),
    ):
        pass


def link(lock, victim):
    lock.symlink_to(victim)


def dangling(lock, victim):
    lock.symlink_to(victim.with_name("made"))


def hard_link(lock, victim):
    os.link(victim, lock)


def fifo(lock, victim):
    os.mkfifo(lock)


def device(lock, victim):
    lock.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (link, "a symbolic link"),
        (dangling, "a symbolic link"),
        (device, "a symbolic link"),
        (hard_link, "it has other names too, as hard links"),
        (fifo, "not a regular file"),
    ],
)
def test_what_is_no_lock_of_ours_is_refused_and_nothing_is_written(tmp_path, make, reason):
    victim, folder = tmp_path / "victim", tmp_path / "run"
    victim.write_bytes(b"precious")
    folder.mkdir()
    make(folder / LOCK_FILE, victim)
    assert not is_locked(folder)
    with (
        pytest.raises(InputError, match=f"cannot lock {folder}/.lock: {reason}") as caught,
        locked(folder, "training", "--out"),
    ):
        pass
    assert f"{folder}/.lock" in caught.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "victim"]
    assert victim.read_bytes() == b"precious"


def test_locking_truncates_nothing(tmp_path):
    (tmp_path / LOCK_FILE).write_bytes(b"precious")
    with locked(tmp_path, "training", "--out"):
        assert is_locked(tmp_path)
    assert (tmp_path / LOCK_FILE).read_bytes() == b"precious"


def test_a_split_is_not_packed_through_a_link(source, tmp_path):
    data = tmp_path / "data"
    for split in ("train", "val"):
        write_images(data / split, {"c/0.jpg": encode_image()})
    for name in ("elsewhere", "disk"):
        (tmp_path / name).mkdir()
    (tmp_path / "disk/val").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "out").symlink_to("disk")  # DEST itself may be a link
    with pytest.raises(InputError, match="out/val: a symbolic link"):
        pack(data, tmp_path / "out", PackOptions())
    assert list((tmp_path / "elsewhere").iterdir()) == []
    pack(source, tmp_path / "out" / "new", PackOptions())


def test_packing_leaves_what_a_lock_leads_to(source, tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / LOCK_FILE).symlink_to(victim)
    with pytest.raises(InputError, match="a symbolic link"):
        pack(source, tmp_path / "out", PackOptions())
    assert victim.read_bytes() == b"precious"

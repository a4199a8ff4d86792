import errno
import os
from pathlib import Path

import pytest

from bsgrow.errors import BsgrowError, InputError
from bsgrow.files.atomic import naming, write_atomically


def write(path, content=b"new"):
    write_atomically(path, lambda stream: stream.write(content))


def test_the_file_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    (tmp_path / "file.tmp").write_bytes(b"left by a kill, and longer than what comes")
    write(path)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def fail(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.open"])
def test_a_failing_step_leaves_the_old_file(tmp_path, monkeypatch, step):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(step, fail)
        with pytest.raises(BsgrowError, match=f"cannot write {path}: No space left") as caught:
            write(path)
    assert not isinstance(caught.value, InputError)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def interrupted(stream):
        stream.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, interrupted)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named(tmp_path):
    (tmp_path / "file.tmp").symlink_to("/dev/full")
    with pytest.raises(BsgrowError, match=r"file: No space left on device"):
        write(tmp_path / "file", b"x" * 100_000)


def test_bytes_are_on_the_disk_before_the_name_is(tmp_path, monkeypatch):
    steps, fsync, replace = [], os.fsync, Path.replace
    monkeypatch.setattr("os.fsync", lambda fd: (steps.append("fsync"), fsync(fd)))
    rename = lambda self, to: (steps.append("rename"), replace(self, to))  # noqa: E731 (one use)
    monkeypatch.setattr(Path, "replace", rename)
    write(tmp_path / "file")
    assert steps == ["fsync", "rename", "fsync"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BsgrowError, match="none/file: No such file or directory"):
        write(tmp_path / "none" / "file")


def test_other_errors_pass_through(tmp_path):
    with pytest.raises(ZeroDivisionError), naming(tmp_path, "read"):
        _ = 1 / 0

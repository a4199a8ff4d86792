import errno
import os
import secrets
import stat
from pathlib import Path

import pytest

from bsgrow.errors import BsgrowError, InputError
from bsgrow.files.atomic import IF_FULL, naming, temporary_of, write_atomically
from tests.full_disk import files_at_most


def write(path, content=b"new"):
    write_atomically(path, lambda stream: stream.write(content))


def test_the_file_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    stale = tmp_path / f"file.{secrets.token_hex(8)}.tmp"
    stale.write_bytes(b"left by a kill, and longer than what comes")
    write(path)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "name",
    [
        "file.tmp",
        "file.0123456789abcde.tmp",
        "file.0123456789abcdef.tmp.gz",
        "file.0123456789ABCDEF.tmp",
        "file2.0123456789abcdef.tmp",
        ".0123456789abcdef.tmp",
    ],
)
def test_what_others_call_temporary_stays(tmp_path, name):
    other = tmp_path / name
    other.write_bytes(b"precious")
    write(tmp_path / "file")
    assert sorted(tmp_path.iterdir()) == sorted([other, tmp_path / "file"])


def test_a_folder_with_a_temporary_name_stays(tmp_path):
    (tmp_path / "file.0123456789abcdef.tmp").mkdir()
    write(tmp_path / "file")
    assert len(list(tmp_path.iterdir())) == 2


def test_no_link_is_followed(tmp_path):
    """Neither one in place of the file, nor one at the temporary name, were that ever guessed."""
    victim, folder = tmp_path / "victim", tmp_path / "run"
    victim.write_bytes(b"precious")
    folder.mkdir()
    for name in ("file", "file.tmp", "file.0000000000000000.tmp"):
        (folder / name).symlink_to(victim)
    write(folder / "file")
    assert (folder / "file").read_bytes() == b"new"
    assert not (folder / "file").is_symlink()
    assert sorted(path.name for path in folder.iterdir()) == ["file", "file.tmp"]
    assert victim.read_bytes() == b"precious"


def test_a_temporary_name_that_is_there_is_not_opened(tmp_path, monkeypatch):
    victim, guessed = tmp_path / "victim", tmp_path / "file.00.tmp"
    victim.write_bytes(b"precious")
    guessed.symlink_to(victim)
    monkeypatch.setattr(secrets, "token_hex", lambda _: "00")
    with pytest.raises(BsgrowError, match=r"cannot write .*file: File exists"):
        write(tmp_path / "file")
    assert victim.read_bytes() == b"precious"


def test_temporary_names_differ_and_are_known(tmp_path):
    names = []
    for _ in range(2):
        write_atomically(
            tmp_path / "a\nb", lambda _: names.extend(p.name for p in tmp_path.iterdir())
        )
        (tmp_path / "a\nb").unlink()
    assert len(set(names)) == 2
    assert {temporary_of(name) for name in names} == {"a\nb"}


def test_the_file_may_be_read_by_those_whom_the_umask_lets(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "file")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


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


def test_a_full_disk_is_named(tmp_path):
    with (
        files_at_most(50_000),
        pytest.raises(BsgrowError, match="file: File too large") as caught,
    ):
        write(tmp_path / "file", b"x" * 100_000)
    assert caught.value.hint == IF_FULL
    assert list(tmp_path.iterdir()) == []


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


def test_a_pipe_or_a_device_is_not_replaced(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(InputError, match=r"cannot write .*pipe: not a regular file(\n|$)"):
        write(path)
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert list(tmp_path.iterdir()) == [path]

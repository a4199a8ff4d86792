"""A disk that is full, fails, or may not be written: named, and older checkpoints stay."""

import errno
import os
from pathlib import Path

import pytest

from bsgrow.errors import BsgrowError
from bsgrow.recipe import OptimizerConfig
from bsgrow.training.checkpoint.checkpoint import Identity, Position, save_checkpoint
from bsgrow.training.checkpoint.folder import Newest, newest_whole_checkpoint
from bsgrow.training.optimizers import build_optimizer

IDENTITY = Identity(seed=7, recipe_fingerprint="sha256:recipe", data_fingerprint="sha256:data")


def position(update_index=3):
    return Position(update_index, 8 * update_index, elapsed_seconds=1.5)


@pytest.fixture
def run(network):
    model = network()
    return model, build_optimizer(OptimizerConfig(momentum=0.9), model.parameters(), lr=0.1)


class FullDisk:
    """A file that takes so many bytes and no more."""

    def __init__(self, stream, room):
        self.stream, self.room = stream, room

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.stream.write(data)


@pytest.mark.parametrize("room", [0, 1, 100, 1_000, 10_000, 300_000])
def test_a_full_disk_is_named_and_loses_nothing(tmp_path, run, monkeypatch, room):
    older = save_checkpoint(tmp_path, IDENTITY, position(1), *run)
    before, opened = sorted(tmp_path.iterdir()), Path.open

    def full(self, mode="r", **kwargs):
        stream = opened(self, mode, **kwargs)
        return FullDisk(stream, room) if mode == "xb" else stream

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(BsgrowError, match=r"update-000000002\.pt: No space left") as caught:
            save_checkpoint(tmp_path, IDENTITY, position(2), *run)
    assert caught.value.exit_code == 1
    assert sorted(tmp_path.iterdir()) == before
    assert newest_whole_checkpoint(tmp_path) == Newest(older, ())


@pytest.mark.parametrize("name", ["update-000000002.pt", "update-000000002.json"])
@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_failing_disk_is_named_and_loses_nothing(tmp_path, run, monkeypatch, name, step):
    older = save_checkpoint(tmp_path, IDENTITY, position(1), *run)

    def fail(*_):
        if list(tmp_path.glob(f"{name}.*.tmp")):
            raise OSError(errno.EIO, "Input/output error")

    original = {"os.fsync": os.fsync, "pathlib.Path.replace": Path.replace}[step]
    with monkeypatch.context() as patch:
        patch.setattr(step, lambda *args: (fail(), original(*args)))
        with pytest.raises(BsgrowError, match=f"{name}: Input/output error"):
            save_checkpoint(tmp_path, IDENTITY, position(2), *run)
    assert newest_whole_checkpoint(tmp_path).path == older
    newest = save_checkpoint(tmp_path, IDENTITY, position(2), *run)
    assert newest_whole_checkpoint(tmp_path) == Newest(newest, ())


def refuse(*_args, **_kwargs):
    raise PermissionError(errno.EACCES, "Permission denied")


def test_an_interrupt_inside_torch_is_an_interrupt(tmp_path, run, monkeypatch):
    class Interrupted(FullDisk):
        def write(self, data):
            try:
                return super().write(data)
            except OSError:
                raise KeyboardInterrupt from None

    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda *args, **kw: Interrupted(opened(*args, **kw), 100))
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(tmp_path, IDENTITY, position(), *run)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["mkdir", "open"])
def test_a_folder_that_may_not_be_written_is_named(tmp_path, run, monkeypatch, step):
    monkeypatch.setattr(Path, step, refuse)
    with pytest.raises(BsgrowError, match=f"cannot .*{tmp_path}.*: Permission denied"):
        save_checkpoint(tmp_path, IDENTITY, position(), *run)


def test_a_file_that_may_not_be_read_is_named_not_skipped(tmp_path, run, monkeypatch):
    path = save_checkpoint(tmp_path, IDENTITY, position(), *run)
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(BsgrowError, match=f"cannot read {path}: Permission denied"):
        newest_whole_checkpoint(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named(tmp_path, run):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(BsgrowError, match=f"cannot write {tmp_path}.*: Permission denied"):
            save_checkpoint(tmp_path, IDENTITY, position(), *run)
    finally:
        tmp_path.chmod(0o700)


def test_a_file_in_place_of_the_folder_is_named(tmp_path, run):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BsgrowError, match=r"cannot make .*file: File exists"):
        save_checkpoint(tmp_path / "file", IDENTITY, position(), *run)

"""A run directory from somebody else: what is a link in it, or no file, is refused at once."""

import os

import pytest

from bsgrow.files.lock import LOCK_FILE
from bsgrow.recipe import load_recipe
from bsgrow.training import RunDirectory

TINY = ["--epochs", "0.1", "--set", 'schedule.curve={name="ConstantLR",factor=1.0}']
NAMES = ("recipe.toml", "plan.json", "events.jsonl", "summary.json", LOCK_FILE)


def link(path, victim):
    path.symlink_to(victim)


def dangling(path, victim):
    path.symlink_to(victim.with_name("made"))


def fifo(path, victim):
    os.mkfifo(path)


def folder(path, victim):
    path.mkdir()


def device(path, victim):
    os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero


KINDS = [link, dangling, fifo, folder, *([device] if os.geteuid() == 0 else [])]


def contents(folder):
    """Return what stands in a folder: names, kinds and content, without opening what may block."""
    return {
        str(path): (path.lstat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def run(bsgrow, tmp_path):
    directory = RunDirectory(tmp_path / "runs/a")
    directory.make()
    directory.create(load_recipe("digits"))
    (tmp_path / "victim").write_bytes(b"precious")
    return directory


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_what_a_run_keeps_is_a_file_of_its_own(bsgrow, run, tmp_path, make, name):
    path = run.path / name
    path.unlink(missing_ok=True)
    make(path, tmp_path / "victim")
    before = contents(tmp_path)
    done = bsgrow("train", "--resume", "--out", "runs/a")
    reason = "a symbolic link" if path.is_symlink() else "not a regular file"
    assert (done.code, done.error) == (2, f"cannot go on with runs/a/{name}: {reason}")
    remove = "rm -r" if make is folder else "rm"
    assert done.hint == f"remove it: `{remove} runs/a/{name}`"
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["events.jsonl", LOCK_FILE])
def test_a_file_that_is_written_has_no_other_name(bsgrow, run, tmp_path, name):
    os.link(tmp_path / "victim", run.path / name)
    done = bsgrow("train", "--resume", "--out", "runs/a")
    assert (done.code, done.error.partition(": ")[2]) == (
        2,
        "it has other names too, as hard links",
    )
    assert (tmp_path / "victim").read_bytes() == b"precious"


def test_checkpoints_elsewhere_are_neither_read_nor_removed(bsgrow, run, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "update-000000001.pt").write_bytes(b"precious")
    run.checkpoints.symlink_to(elsewhere)
    done = bsgrow("train", "--resume", "--out", "runs/a")
    assert (done.code, done.error) == (2, "cannot go on with runs/a/checkpoints: a symbolic link")
    assert [path.name for path in elsewhere.iterdir()] == ["update-000000001.pt"]


def test_checkpoints_are_in_a_folder(bsgrow, run):
    run.checkpoints.write_bytes(b"")
    done = bsgrow("train", "--resume", "--out", "runs/a")
    assert (done.code, done.error) == (2, "cannot go on with runs/a/checkpoints: not a folder")
    assert done.hint == "remove it: `rm runs/a/checkpoints`"


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("name", [*NAMES, "recipe.toml.tmp", "checkpoints"])
def test_no_run_begins_over_a_link(bsgrow, tmp_path, make, name):
    victim, path = tmp_path / "victim", tmp_path / "new" / name
    victim.write_bytes(b"precious")
    path.parent.mkdir()
    make(path, victim)
    before = contents(tmp_path)
    done = bsgrow("train", "digits", "--out", "new", *TINY)
    assert done.code == 2
    assert done.error.startswith(("cannot lock new/.lock: ", "new is not empty", "new holds"))
    assert contents(tmp_path) == before


def test_a_stale_temporary_recipe_is_removed_and_not_followed(bsgrow, tmp_path):
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "disk").mkdir()
    (tmp_path / "new").symlink_to("disk")  # the directory itself may be a link
    stale = tmp_path / "new/recipe.toml.0123456789abcdef.tmp"
    stale.symlink_to("../victim")
    assert bsgrow("train", "digits", "--out", "new", *TINY).code == 0
    assert not stale.is_symlink()
    assert (tmp_path / "victim").read_bytes() == b"precious"


def test_a_picture_of_a_comparison_replaces_a_link(bsgrow, tmp_path):
    victim, folder = tmp_path / "victim", tmp_path / "out"
    victim.write_bytes(b"precious")
    folder.mkdir()
    for name in ("compare.png", "compare.json", "compare.json.tmp"):
        (folder / name).symlink_to(victim)
    done = bsgrow("compare", "digits", "--seeds", "0", "--arms", "decay", "--out", "out", *TINY)
    assert done.code == 0, done.err
    assert (folder / "compare.png").read_bytes().startswith(b"\x89PNG")
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_one_such_run_does_not_hold_up_the_others(bsgrow, run, tmp_path, make, name):
    path = run.path / name
    path.unlink(missing_ok=True)
    make(path, tmp_path / "victim")
    done = bsgrow("train", "--resume")
    assert (done.code, done.error) == (
        2,
        "--resume: no unfinished run is below runs/, of 1: 1 cannot be read",
    )

"""What a user can get wrong with encoded images: one clear message, an exit code, no traceback."""

import os
import signal
import subprocess
import sys
import time
from contextlib import chdir

import pytest

from bsgrow.files.lock import LOCK_FILE
from tests.e2e.conftest import command
from tests.photo_folder import write_photographs

SETTINGS = [
    "images.size=16",
    "model.depth=10",
    "model.width=1",
    "schedule.epochs=1",
    "schedule.curve.milestones=[0.5]",
    "schedule.global_batch_size=2",
    "growth.max_batch_size=4",
    "run.ghost_batch_size=2",
]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A folder of photographs, and others that are none."""
    root = tmp_path_factory.mktemp("places")
    write_photographs(root / "good", 4, 1, sides=(20, 30))
    (root / "empty").mkdir()
    (root / "file").touch()
    for split in ("train", "val"):
        for index in range(4):
            path = root / "hollow" / split / f"class{index % 2}" / f"{index}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return root


def assert_said(result, exit_code, message):
    assert result.code == exit_code, result.err
    assert f"error: {message}" in result.err.replace("\n", " ")
    assert "hint: " in result.err
    assert "Traceback" not in result.err
    assert result.out == ""


TRAIN = [
    ("empty", "", 2, "data.path = 'empty' has no folder train"),
    ("file", "", 2, "data.path = 'file' is not a folder"),
    ("missing", "", 2, "data.path = 'missing' does not exist"),
    ("hollow", "", 1, "hollow/train/class"),
    ("hollow", "data.on_error=skip", 1, "hollow/train/class"),
    ("good", "images.size=0", 2, "images.size = 0 is not a number of pixels"),
    ("good", "images.size=-1", 2, "images.size = -1 is not a number of pixels"),
    ("good", "images.size=1000000", 2, "images.size = 1000000 is not a number of pixels"),
    ("good", "images.scale=[2,1]", 2, "images.scale = (2.0, 1.0) is not a range"),
    ("good", "data.on_error=maybe", 2, "data.on_error = 'maybe': must be 'raise' or 'skip'"),
    ("good", "data.decoder=foo", 2, "data.decoder = 'foo': must be 'auto', 'native' or 'dali'"),
]


@pytest.mark.parametrize(("name", "setting", "exit_code", "message"), TRAIN)
def test_training(bsgrow, places, tmp_path, name, setting, exit_code, message):
    settings = [*SETTINGS, f"data.path={name}", *filter(None, [setting])]
    with chdir(places):
        result = bsgrow("train", "folder", "--out", tmp_path / "run", settings=settings)
    assert_said(result, exit_code, message)


PACK = [
    ("empty", 2, "empty: no class folders in it"),
    ("file", 2, "file: cannot be listed: Not a directory"),
    ("missing", 2, "missing: cannot be listed: No such file or directory"),
    ("hollow", 1, "hollow/train/class0/0.jpg: the file is empty"),
]


@pytest.mark.parametrize(("name", "exit_code", "message"), PACK)
def test_packing(bsgrow, places, tmp_path, name, exit_code, message):
    with chdir(places):
        result = bsgrow("data", "pack", name, tmp_path / "packed")
    assert_said(result, exit_code, message)


def test_packing_is_stopped_by_ctrl_c(bsgrow, places, tmp_path):
    one = next((places / "good/train").rglob("*.jpg")).read_bytes()
    for index in range(5000):
        path = tmp_path / "many" / "class" / f"{index}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one)
    words = command("data", "pack", "many", "packed", "--decode")
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("packed/*.tmp")) and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert [path.name for path in (tmp_path / "packed").iterdir()] == [LOCK_FILE]
    again = bsgrow("data", "pack", "many", "packed", "--decode")
    assert (again.code, "5000 samples" in again.out) == (0, True), again.err


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on this system")
def test_packing_that_was_killed_is_begun_again(bsgrow, places, tmp_path):
    """Killed at several moments, of which some fall into the middle of a shard."""
    source = tmp_path / "many"
    one = next((places / "good/train").rglob("*.jpg")).read_bytes()
    for split, num in (("train", 5000), ("val", 1)):
        (source / split / "class").mkdir(parents=True)
        for index in range(num):
            (source / split / "class" / f"{index}.jpg").write_bytes(one)
    packed = tmp_path / "packed"
    for moment in range(3):
        with subprocess.Popen(command("data", "pack", str(source), str(packed))) as process:
            deadline = time.monotonic() + 60
            while not list(packed.glob("*/*")) and time.monotonic() < deadline:
                time.sleep(0.005)
            time.sleep(0.05 * moment)
            os.kill(process.pid, signal.SIGKILL)
    again = bsgrow("data", "pack", str(source), str(packed))
    assert again.code == 0, again.err
    assert "5000 samples" in again.out
    whole = bsgrow("data", "verify", str(packed))
    assert "5001 samples" in whole.out
    assert "none damaged" in whole.out
    assert sorted(path.name for path in packed.rglob("*.tmp")) == []

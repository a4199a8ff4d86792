"""Each folder of a data set is listed once by a command, and each tar indexed once."""

import os
from collections import Counter
from pathlib import Path

import pytest

from bsgrow.data.folder import class_folders
from bsgrow.data.tar import columns
from tests.data.tar_files import make_tar
from tests.photo_folder import write_photographs

RECIPE = """
[data]
name = "folder"
path = "photos"
[images]
size = 16
[model]
name = "wide_resnet"
depth = 10
width = 1
[schedule]
epochs = 1
lr = 0.01
global_batch_size = 8
curve = { name = "ConstantLR", factor = 1.0 }
[growth]
mode = "decay"
[run]
device = "cpu"
num_threads = 1
"""


@pytest.fixture
def data(tmp_path):
    """Photographs as a folder, and the same ones as tars."""
    photos = write_photographs(tmp_path / "photos", 8, 2, sides=(16, 24))
    for split in ("train", "val"):
        for label, folder in enumerate(sorted((photos / split).iterdir())):
            members = []
            for path in sorted(folder.iterdir()):
                members.append((f"{path.stem}.jpg", path.read_bytes()))
                members.append((f"{path.stem}.cls", b"%d" % label))
            (tmp_path / "tars" / split).mkdir(parents=True, exist_ok=True)
            make_tar(tmp_path / "tars" / split / f"{label}.tar", members)
    (tmp_path / "recipe.toml").write_text(RECIPE)
    return tmp_path


@pytest.fixture
def read(data, monkeypatch):
    """How often each folder was listed, and each tar opened for its index."""
    counts = Counter()

    def count(path):
        path = data / os.fsdecode(path)
        if path.is_relative_to(data):
            counts[str(path.relative_to(data))] += 1

    def counted(function):
        return lambda path, *rest: count(path) or function(path, *rest)

    def list_several(descriptor, classes):
        for name in classes:
            count(Path(f"/proc/self/fd/{descriptor}").readlink() / name)
        return class_listing(descriptor, classes)

    class_listing = class_folders._list_several
    monkeypatch.setattr(class_folders, "_list_several", list_several)
    monkeypatch.setattr(os, "scandir", counted(os.scandir))
    monkeypatch.setattr(os, "listdir", counted(os.listdir))
    monkeypatch.setattr(columns, "opened_regular", counted(columns.opened_regular))
    return counts


FOLDERS = [
    f"photos/{split}{below}" for split in ("train", "val") for below in ("", "/china", "/flower")
]
TARS = [f"tars/{split}{below}" for split in ("train", "val") for below in ("", "/0.tar", "/1.tar")]
SOURCES = {
    "folder": (FOLDERS, ()),
    "tars": (TARS, ("--set", "data.name=webdataset", "--data", "tars")),
}


@pytest.mark.parametrize(("paths", "words"), SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize(
    "command",
    [
        ("train", "recipe.toml", "--out", "run"),
        ("plan", "recipe.toml"),
        ("plan", "recipe.toml", "recipe.toml"),
        ("compare", "recipe.toml", "--seeds", "0,1", "--out", "comparison", "--jobs", "1"),
    ],
    ids=" ".join,
)
def test_each_source_is_read_once(bsgrow, read, command, paths, words):
    done = bsgrow(*command, *words)
    assert done.code == 0, done.err
    assert {path: read[path] for path in paths} == dict.fromkeys(paths, 1)


@pytest.mark.parametrize(("paths", "words"), SOURCES.values(), ids=SOURCES)
def test_a_run_that_goes_on_reads_each_source_once(bsgrow, read, data, paths, words):
    done = bsgrow("train", "recipe.toml", "--out", "run", *words)
    assert done.code == 0, done.err
    (data / "run/summary.json").unlink()
    read.clear()
    done = bsgrow("train", "--resume", "--out", "run", *words)
    assert done.code == 0, done.err
    assert {path: read[path] for path in paths} == dict.fromkeys(paths, 1)

"""Ranks that were started unlike each other are refused at the start, by the key that differs."""

import json
import os
import re
import shutil

import numpy as np
import pytest

from bsgrow.processes import versions
from tests.e2e.launches import run_command
from tests.photo_folder import write_photographs
from tests.training.processes import run_ranks

TINY = [
    "schedule.epochs=0.1",
    "schedule.curve.milestones=[0.03, 0.06]",
    "run.device=cpu",
    "run.ghost_batch_size=8",
]


def start(folder, words, of_the_last, version):
    """Train, where the last rank has other words or another version of a package."""
    if os.environ["RANK"] == "2":
        words = [*words, *of_the_last]
        if version is not None:
            installed = versions.version
            versions.version = lambda name: version if name == "numpy" else installed(name)
    return run_command(folder, words)


def outcome(folder, of_the_last=(), version=None, recipe=("digits",)):
    """Exit codes, and what each rank printed as an error."""
    words = ["train", *recipe, "--out", "run"]
    words += [word for setting in TINY for word in ("--set", setting)]
    codes = run_ranks(3, start, str(folder), words, list(of_the_last), version)
    texts = [" ".join((folder / f"err-{rank}").read_text().split()) for rank in range(3)]
    return codes, texts


@pytest.mark.parametrize(
    ("of_the_last", "version", "said"),
    [
        (["--set", "run.seed=7"], None, "its run.seed is 7, that of rank 0 0"),
        (["--set", "schedule.lr=0.2"], None, "its schedule.lr is 0.2, that of rank 0 0.1"),
        ([], "1.2.3", f"its version of numpy is '1.2.3', that of rank 0 '{np.__version__}'"),
    ],
)
def test_the_key_is_named_once(tmp_path, of_the_last, version, said):
    codes, (first, *others) = outcome(tmp_path, of_the_last, version)
    assert codes == [2, 2, 2]
    assert f"error: rank 2 differs from rank 0: {said}" in first
    assert first.count("error:") == 1
    assert not any("error:" in text for text in others)
    assert not (tmp_path / "run").exists(), "before anything is written"


def test_a_file_that_is_another_one_is_seen(tmp_path):
    """Each reads its own copy of the data, by a path of its own."""
    root = write_photographs(tmp_path / "first", 4, num_test=2)
    shutil.copytree(root, tmp_path / "last")
    photo = next((tmp_path / "last" / "train").rglob("*.jpg"))
    photo.write_bytes(photo.read_bytes() + b"\0")
    recipe = ("folder", "--data", str(root), "--set", "images.size=8")
    codes, (first, *_) = outcome(tmp_path, ["--data", str(tmp_path / "last")], recipe=recipe)
    assert codes == [2, 2, 2]
    assert "error: rank 2 differs from rank 0: its data fingerprint is 'sha256:" in first
    assert not (tmp_path / "run").exists()


def test_those_that_are_alike_train(tmp_path):
    """The number of threads is one's own affair."""
    codes, _ = outcome(tmp_path, ["--set", "run.num_threads=2"])
    assert codes == [0, 0, 0]
    assert json.loads((tmp_path / "run/summary.json").read_text())["num_updates"] > 0
    assert not re.search("error", (tmp_path / "err-2").read_text())

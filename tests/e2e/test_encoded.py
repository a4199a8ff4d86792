"""`bsgrow train` on real photographs, from a folder and from the shards packed of it."""

import json
import shlex

import pytest

from tests.photo_folder import write_photographs

# Two classes, patches of two photographs; the held-out ones are from a part that is not trained on.
SETTINGS = [
    "images.size=32",
    "model.depth=10",
    "model.width=1",
    "schedule.epochs=6",
    "schedule.lr=0.05",
    "schedule.global_batch_size=16",
    "schedule.curve.milestones=[3, 4, 5]",
    "growth.max_batch_size=60",
    "run.ghost_batch_size=16",
    "run.num_threads=1",
    "run.evaluate_every_epochs=3",
]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_photographs(tmp_path_factory.mktemp("photos"), num_train=120, num_test=40)


def train(bsgrow, path, *settings, out="run"):
    settings = [*SETTINGS, f"data.path={path}", *settings]
    return bsgrow("train", "folder", "--out", out, "--format", "json", settings=settings)


def test_photographs_are_told_apart(bsgrow, photos, tmp_path):
    from_folder = train(bsgrow, photos)
    assert from_folder.code == 0, from_folder.err
    summary = json.loads(from_folder.out)
    assert summary["test_accuracy"] >= 0.9
    assert summary["consumed_samples"] == 6 * 240
    assert summary["num_updates"] < summary["baseline_num_updates"]
    assert summary["num_skipped"] == 0

    packed = bsgrow("data", "pack", str(photos), "shards")
    assert packed.code == 0, packed.err
    from_shards = train(bsgrow, tmp_path / "shards", "data.name=shards", out="again")
    assert json.loads(from_shards.out)["weights_sha256"] == summary["weights_sha256"]


@pytest.fixture
def with_a_bad_file(tmp_path):
    root = write_photographs(tmp_path / "photos", num_train=20, num_test=4)
    bad = root / "train" / "flower" / "0007.jpg"
    bad.write_bytes(bad.read_bytes()[:700])
    return root, bad


def test_a_bad_file_ends_a_run_that_then_goes_on_without_it(bsgrow, with_a_bad_file):
    root, bad = with_a_bad_file
    settings = ["run.checkpoint_every_seconds=0", "growth.max_batch_size=20"]
    failed = train(bsgrow, root, *settings)
    assert failed.code == 1
    assert f"error: {bad}: " in failed.err
    assert "Traceback" not in failed.err
    hint = failed.err.splitlines()[-1]
    assert hint.startswith("hint: restore the file and go on with: bsgrow train --resume ")
    command, *words = shlex.split(hint.partition("; or without the file: ")[2])
    assert command == "bsgrow"

    done = bsgrow(*words, "--format", "json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["num_skipped"] >= 1
    assert done.err.count(str(bad)) == 1


def test_a_folder_that_is_not_named(bsgrow):
    result = bsgrow("plan", "folder")
    assert result.code == 2
    assert "error: data.path is not set" in result.err
    assert "hint: set data.path to a folder with train/ and val/ in it" in result.err

"""`bsgrow evaluate`: on the run's own test split, on other data, and what it refuses."""

import json

import numpy as np
import pytest

from tests.trained.runs import FORMAT_1


def test_it_gives_what_the_run_measured_and_the_confusion(bsgrow):
    found = json.loads(bsgrow("evaluate", FORMAT_1, "--format", "json").out)
    assert found["accuracy"] == pytest.approx(0.6611111)
    assert found["loss"] == pytest.approx(0.99295866, rel=1e-6)
    confusion = np.array(found["confusion"])
    assert confusion.sum() == found["num_samples"] == 360
    assert np.trace(confusion) / 360 == pytest.approx(found["accuracy"])
    assert [each["num_samples"] for each in found["classes"]] == confusion.sum(axis=1).tolist()
    assert found["accuracy"] < found["top5_accuracy"] <= 1


def test_it_prints_a_row_for_each_class(bsgrow):
    done = bsgrow("evaluate", FORMAT_1)
    assert done.row("accuracy") == "66.11% of 360 samples"
    assert len(done.out.splitlines()) == 4 + 1 + 10


@pytest.mark.parametrize("classes", [10, 12])
def test_other_data_of_the_same_classes(bsgrow, tmp_path, classes):
    images, labels = np.zeros((24, 8, 8, 1), np.uint8), np.arange(24) % classes
    path = tmp_path / "own.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    words = ("--data", path, "--set", "data.name=npz", "--format", "json")
    done = bsgrow("evaluate", FORMAT_1, *words)
    if classes == 10:
        assert json.loads(done.out)["num_samples"] == 24
    else:
        assert done.code == 2
        assert "was not trained on: 10, 11" in done.error


def test_data_that_have_moved_are_asked_for(bsgrow):
    done = bsgrow("evaluate", FORMAT_1, "--set", "data={name='npz',path='gone.npz'}")
    assert done.code == 2
    assert "gone.npz" in done.error
    assert "with --data PATH" in done.hint


def test_it_computes_in_the_precision_of_the_run(bsgrow):
    words = ("--set", "run.precision=bfloat16", "--format", "json")
    loss = json.loads(bsgrow("evaluate", FORMAT_1, *words).out)["loss"]
    assert loss == pytest.approx(0.99295866, rel=0.02)
    assert loss != pytest.approx(0.99295866, rel=1e-5)


def test_a_model_stays_as_it_was_trained(bsgrow):
    done = bsgrow("evaluate", FORMAT_1, "--set", "model.width=8")
    assert done.code == 2
    assert "is trained, and its [model] stays as it is" in done.error


@pytest.mark.parametrize(("kind", "begins"), [("png", b"\x89PNG"), ("SVG", b"<?xml")])
def test_the_confusion_matrix_as_a_picture(bsgrow, tmp_path, kind, begins):
    done = bsgrow("evaluate", FORMAT_1, "--picture", f"confusion.{kind}")
    assert done.code == 0
    content = (tmp_path / f"confusion.{kind}").read_bytes()
    assert content.startswith(begins)
    assert bsgrow("evaluate", FORMAT_1, "--picture", "confusion.jpg").code == 2
    assert "is no folder no" in bsgrow("evaluate", FORMAT_1, "--picture", "no/a.png").error

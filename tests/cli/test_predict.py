"""`bsgrow predict`: digits as image files, with a bad one among them."""

import json

import numpy as np
from PIL import Image
from sklearn import datasets

from bsgrow.data.arrays.digits import scale_to_bytes
from tests.trained.runs import FORMAT_1


def test_what_it_says_of_files_and_which_one_is_bad(bsgrow, tmp_path):
    digits = datasets.load_digits()
    images = scale_to_bytes(digits.images[:60].astype(np.int64))
    (tmp_path / "d").mkdir()
    for index, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / "d" / f"{index:02d}.png")
    (tmp_path / "d" / "30.png").write_bytes(b"no image")
    done = bsgrow("predict", FORMAT_1, "d", "--format", "json")
    found = json.loads(done.out)
    assert done.code == 1
    assert [each["file"] for each in found["failed"]] == ["d/30.png"]
    assert len(found["predictions"]) == 59
    right = [p["class"] == str(digits.target[int(p["file"][2:4])]) for p in found["predictions"]]
    assert np.mean(right) > 0.5
    assert bsgrow("predict", FORMAT_1, "d/01.png", "--format", "csv").out.startswith("file,class")


def test_what_of_a_folder_is_passed_over_is_said(bsgrow, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "README").write_bytes(b"")
    done = bsgrow("predict", FORMAT_1, "d")
    assert done.code == 2
    assert "d: passed over what no image is named as: README" in done.err
    (tmp_path / "d" / "again").symlink_to(tmp_path / "d")
    assert "a link that leads back to d" in bsgrow("predict", FORMAT_1, "d").error


def test_a_path_that_the_system_refuses_to_look_at_is_named_as_any_other(bsgrow):
    done = bsgrow("predict", FORMAT_1, "x" * 300)
    assert done.code == 1
    assert done.err.endswith("cannot be read: File name too long\n")

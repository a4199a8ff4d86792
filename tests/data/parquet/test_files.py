import logging
import re

import pytest

from bsgrow.data.parquet.files import find_files, holds_parquet
from bsgrow.errors import InputError


def make(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / f"{name}.parquet").touch()
    return folder


def found(path):
    files = find_files(path)
    return [[path.stem for path in part or ()] for part in files[:2]]


@pytest.mark.parametrize(
    ("names", "train", "test"),
    [
        (["train-1", "train-0", "test-0"], ["train-0", "train-1"], ["test-0"]),
        (["train", "validation", "test"], ["train"], ["validation"]),
        (["train-0", "val_0"], ["train-0"], ["val_0"]),
        (["train-0"], ["train-0"], []),
        (["b", "a", "training"], ["a", "b", "training"], []),
        (
            ["train-00000-of-00001", "test-00000-of-00001"],
            ["train-00000-of-00001"],
            ["test-00000-of-00001"],
        ),
    ],
)
def test_splits_by_name(tmp_path, names, train, test):
    assert found(make(tmp_path, *names)) == [train, test]


def test_a_file_is_one_split_and_a_folder_may_have_them_in_data(tmp_path):
    make(tmp_path / "data", "train-0", "test-0")
    assert found(tmp_path / "data/test-0.parquet") == [["test-0"], []]
    assert found(tmp_path) == [["train-0"], ["test-0"]]


def test_what_is_not_taken_is_told(tmp_path, caplog):
    make(tmp_path, "train", "validation", "test", "other", ".hidden")
    with caplog.at_level(logging.WARNING, "bsgrow"):
        find_files(tmp_path)
    assert caplog.messages == [f"{tmp_path}: not taken: other.parquet, test.parquet"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "no .parquet files"),
        (["test-0"], "no train-*.parquet in it, beside test-0.parquet"),
        (["train-00000-of-00002"], "1 of the 2 files train-*-of-00002"),
        (["train-00001-of-00001"], "1 of the 1 files"),
    ],
)
def test_what_is_missing(tmp_path, names, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        find_files(make(tmp_path, *names))
    assert caught.value.hint


def test_no_path_and_nothing_there(tmp_path):
    with pytest.raises(InputError, match="is not set"):
        find_files(None)
    with pytest.raises(InputError, match="does not exist"):
        find_files(tmp_path / "nothing")


def test_where_there_is_any(tmp_path):
    assert not holds_parquet(tmp_path)
    make(tmp_path / "data", "a")
    assert holds_parquet(tmp_path)
    assert holds_parquet(tmp_path / "data/a.parquet")
    assert not holds_parquet(tmp_path / "nothing")

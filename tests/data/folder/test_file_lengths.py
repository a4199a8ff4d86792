import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsgrow.data.encoded.names import Names
from bsgrow.data.folder.file_lengths import file_lengths
from bsgrow.native.extension import extension
from tests.drawn import num_cases

PARTS = ["a", "b", "é", os.fsdecode(b"\xff"), "a\nb", "none", "c" * 255, "d" * 256, "..", "link"]


def as_the_system_says(folder, name):
    try:
        return (folder / os.fsdecode(name)).stat().st_size
    except OSError:
        return -1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for below in ("", "a"):
        (folder / below).mkdir(exist_ok=True)
        for length, name in enumerate(PARTS[1:5]):
            (folder / below / name).write_bytes(bytes(length))
    (folder / "link").symlink_to("a/é")
    (folder / "a/link").symlink_to("link")
    return folder


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=num_cases(50))
@given(st.lists(st.lists(st.sampled_from(PARTS), min_size=1, max_size=40), max_size=30))
def test_lengths_are_those_that_the_system_gives(folder, paths):
    names = Names.of(os.fsencode("/".join(path)) for path in paths)
    lengths = file_lengths(folder, names)
    assert lengths.tolist() == [as_the_system_says(folder, name) for name in names]
    assert lengths.dtype == np.int64


@pytest.mark.parametrize("num", [0, 1, 255, 256, 257, 20_000])
def test_any_number_of_files(tmp_path, num):
    for length in (0, 1, 2):
        (tmp_path / f"{length}").write_bytes(bytes(length))
    lengths = file_lengths(tmp_path, Names.of(b"%d" % (i % 3) for i in range(num)))
    assert lengths.tolist() == [i % 3 for i in range(num)]


def test_a_path_longer_than_the_system_takes(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    names = Names.of([b"./" * n + b"a" for n in (2046, 2047, 2048, 5000)])
    assert file_lengths(tmp_path, names).tolist() == [1, 1, -1, -1]


def test_a_folder_that_is_gone(tmp_path):
    assert file_lengths(tmp_path / "none", Names.of([b"a", b"b"])).tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"ends": np.array([2, 1])}, "ascend"),
        ({"ends": np.array([-1, 1])}, "ascend"),
        ({"ends": np.array([1, 4])}, "behind"),
        ({"ends": np.array([1.0, 2.0])}, "format"),
        ({"ends": np.array([1])}, "shape"),
        ({"ends": np.arange(4)[::2]}, "strides"),
        ({"folder": -1}, "folder"),
        ({"num_threads": 0}, "num_threads"),
    ],
    ids=str,
)
def test_arguments_are_checked(changed, problem):
    given = {"folder": 0, "joined": b"abc", "ends": np.array([1, 3]), "num_threads": 1}
    with pytest.raises(ValueError, match=problem):
        extension.file_lengths(**given | {"out": np.zeros(2, np.int64)} | changed)

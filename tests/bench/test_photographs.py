"""Photographs: cut to the size that is asked for, or found where the user has them."""

import numpy as np
import pytest
from PIL import Image

from bsgrow.bench.photographs import cut_photographs, find_photographs
from bsgrow.errors import InputError


def test_cuts_are_of_about_49_kilobytes_and_differ(photographs):
    sizes = [path.stat().st_size for path in photographs.files]
    assert 45_000 < np.mean(sizes) < 53_000
    assert len(set(sizes)) > len(sizes) / 2
    assert photographs.sizes.startswith("500x375 JPEG (")
    assert set(photographs.labels) == {0, 1}
    for path in photographs.files:
        with Image.open(path) as image:
            assert image.size == (500, 375)


def test_the_users_own_folder(tmp_path):
    for name in ("b/2.jpg", "a/1.JPEG", "b/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 2000)
    found = find_photographs(tmp_path)
    assert [path.name for path in found.files] == ["1.JPEG", "2.jpg"]
    assert found.labels.tolist() == [0, 1]
    assert found.sizes == f"2 JPEG of {tmp_path.name} (2 KB)"
    assert found.quality is None


def test_a_folder_without_photographs_is_refused(tmp_path):
    with pytest.raises(InputError, match="no JPEG file in a folder of it") as error:
        find_photographs(tmp_path)
    assert "one folder a class" in error.value.hint


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"--path .*missing: there is no such folder"):
        find_photographs(tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"--path .*file: is no folder"):
        find_photographs(tmp_path / "file")


def test_more_photographs_than_the_disk_has_room_for_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"1000000000000: so many take 49,000,000,000\.0 MB"):
        cut_photographs(tmp_path, 10**12)
    assert list(tmp_path.iterdir()) == []

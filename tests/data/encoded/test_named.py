"""A named data set of encoded images: found in any layout, and refused where it is not whole."""

from dataclasses import replace

import pytest

from bsgrow.data import find_spec
from bsgrow.data.encoded.named import open_named
from bsgrow.data.packing import PackOptions, pack
from bsgrow.errors import InputError
from tests.data.tar_files import make_tar

SMALL = replace(find_spec("imagenet"), num_samples=12, num_test_samples=3, num_classes=3)


def test_the_layout_is_told_by_the_files(photographs, tmp_path):
    pack(photographs, tmp_path / "packed", PackOptions())
    folder, shards = (open_named(SMALL, path) for path in (photographs, tmp_path / "packed"))
    assert (folder.name, shards.name) == ("folder", "shards")
    assert folder.fingerprint == shards.fingerprint


def test_tars_are_read_as_they_are(tmp_path):
    for split, count in (("train", 12), ("val", 3)):
        members = [(f"{i}.{e}", b"%d" % (i % 3)) for i in range(count) for e in ("jpg", "cls")]
        (tmp_path / split).mkdir()
        make_tar(tmp_path / split / "0.tar", members)
    assert open_named(SMALL, tmp_path).name == "webdataset"


@pytest.mark.parametrize(
    "other", [{"num_samples": 13}, {"num_test_samples": 4}, {"num_classes": 4}], ids=str
)
def test_a_part_of_it_is_not_it(photographs, other):
    holds = "holds 12 training and 3 held-out images in 3 classes, and imagenet is "
    with pytest.raises(InputError, match=holds) as caught:
        open_named(replace(SMALL, **other), photographs)
    assert "--set data.name=folder" in caught.value.hint


def test_imagenet_is_opened_by_its_name(photographs):
    with pytest.raises(InputError, match="imagenet is 1281167 training and 50000 held-out"):
        find_spec("imagenet").open(photographs)
    assert find_spec("folder").open(photographs).num_samples == 12


def test_it_needs_a_path():
    with pytest.raises(InputError, match=r"'imagenet': data\.path is not set") as error:
        find_spec("imagenet").open(None)
    assert "bsgrow data pack" in error.value.hint

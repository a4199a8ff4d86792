"""Whether a folder is a data set with splits in it, or one split, for packing and for verifying."""

import shutil

import pytest

from bsgrow.data.encoded.split_folders import is_data_set
from bsgrow.data.packing import PackOptions, pack
from bsgrow.data.verify import verify
from bsgrow.errors import InputError
from tests.data.conftest import encode_image, write_images
from tests.data.tar_files import make_tar

NOT_HELD_OUT = {
    "train alone": ["train/cat/0.jpg"],
    "train beside a file": ["train/cat/0.jpg", "README.txt"],
    "train beside what is hidden": ["train/cat/0.jpg", ".DS_Store", ".git/x"],
    "train beside another name": ["train/cat/0.jpg", "validation/cat/1.jpg"],
    "tars beside another name": ["train/0.tar", "validation/0.tar"],
}
SPLITS = NOT_HELD_OUT | {
    "train beside val": ["train/cat/0.jpg", "val/cat/1.jpg"],
    "train beside test": ["train/cat/0.jpg", "test/cat/1.jpg"],
    "shards beside another name": ["train/shard-000000.bsgrow", "validation/x"],
}
ONE_SPLIT = {
    "classes": ["cat/0.jpg", "dog/1.jpg"],
    "a class called train": ["car/0.jpg", "train/1.jpg"],
    "classes, hidden folders in one called train": ["car/0.jpg", "train/1.jpg", "train/.x/y"],
    "classes called train and val": ["car/0.jpg", "val/1.jpg"],
}


def write(root, names):
    return write_images(root, dict.fromkeys(names, encode_image()))


@pytest.mark.parametrize("what", SPLITS)
def test_a_data_set(what, tmp_path):
    assert is_data_set(write(tmp_path, SPLITS[what]))


@pytest.mark.parametrize("what", ONE_SPLIT)
def test_one_split(what, tmp_path):
    source = write(tmp_path / "in", ONE_SPLIT[what])
    assert not is_data_set(source)
    [packed] = pack(source, tmp_path / "out", PackOptions())
    assert packed.folder == tmp_path / "out"
    assert packed.num_samples == verify(source).num_samples == 2


@pytest.mark.parametrize("what", NOT_HELD_OUT)
def test_held_out_images_under_another_name_are_not_packed_as_a_class(what, tmp_path):
    source = write(tmp_path / "in", SPLITS[what])
    with pytest.raises(InputError, match="neither val nor test is there beside train") as caught:
        pack(source, tmp_path / "out", PackOptions())
    assert caught.value.hint.startswith("call the folder of the held-out images val;")
    assert not (tmp_path / "out").exists()


def test_verify_looks_into_the_same_splits(tmp_path):
    source = write(tmp_path, SPLITS["train beside another name"])
    assert verify(source).num_samples == 1
    shutil.rmtree(source / "train")
    (source / "train").mkdir()
    make_tar(source / "train/0.tar", [("a.jpg", encode_image()), ("a.cls", b"0")])
    assert verify(source).num_samples == 1

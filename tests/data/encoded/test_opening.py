from pathlib import Path

import pytest

from bsgrow.data import LAYOUTS, load_encoded
from bsgrow.data.packing import PackOptions, pack
from bsgrow.errors import BsgrowError, InputError
from tests.data.conftest import encode_image, write_images
from tests.data.tar_files import make_tar


def test_the_layouts():
    assert list(LAYOUTS) == ["folder", "shards", "webdataset"]
    assert all(spec.description for spec in LAYOUTS.values())
    with pytest.raises(TypeError):
        LAYOUTS["folder"] = LAYOUTS["shards"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_opened_and_counted(name, photographs, tmp_path):
    if name == "shards":
        pack(photographs, tmp_path / "packed", PackOptions())
        photographs = tmp_path / "packed"
    if name == "webdataset":
        for split, count in (("train", 12), ("val", 3)):
            members = [(f"{i}.{e}", b"%d" % (i % 3)) for i in range(count) for e in ("jpg", "cls")]
            make_tar(photographs / split / "0.tar", members)
    dataset = load_encoded(name, photographs)
    assert dataset.name == name
    assert (dataset.num_samples, len(dataset.test), dataset.num_classes) == (12, 3, 3)
    assert len(dataset.mean) == len(dataset.std) == 3
    assert dataset.fingerprint.startswith("sha256:")


def test_test_takes_the_place_of_val(photographs):
    (photographs / "val").rename(photographs / "test")
    assert len(load_encoded("folder", photographs).test) == 3


def test_val_comes_before_test(photographs):
    write_images(photographs / "test", {"class 0/a.jpg": b"x"})
    assert len(load_encoded("folder", photographs).test) == 3


def test_classes_that_differ_are_named(photographs):
    (photographs / "val/class 2").rename(photographs / "val/klass 2")
    with pytest.raises(InputError) as caught:
        load_encoded("folder", photographs)
    message = caught.value.message
    assert "only in the training split: class 2; only in the held-out split: klass 2" in message


def test_labels_of_tars_may_be_fewer_but_not_more_in_the_held_out_split(tmp_path):
    for split, label in (("train", b"2"), ("val", b"1")):
        (tmp_path / split).mkdir()
        make_tar(tmp_path / split / "0.tar", [("a.jpg", b"x"), ("a.cls", label)])
    assert load_encoded("webdataset", tmp_path).num_classes == 3
    make_tar(tmp_path / "val/0.tar", [("a.jpg", b"x"), ("a.cls", b"3")])
    with pytest.raises(InputError, match="only in the held-out split: 3"):
        load_encoded("webdataset", tmp_path)


def test_a_path_with_nothing_to_find(tmp_path):
    with pytest.raises(InputError, match=r"data.path is not set"):
        load_encoded("folder", None)
    with pytest.raises(InputError, match=r"data.path = '.*none' does not exist"):
        load_encoded("folder", tmp_path / "none")
    with pytest.raises(InputError, match=r"data.path = .* has no folder train"):
        load_encoded("shards", tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"data.path = '.*file' is not a folder"):
        load_encoded("folder", tmp_path / "file")
    with pytest.raises(BsgrowError, match=r"data.path"):
        load_encoded("folder", Path("x" * 5000))


def test_no_held_out_split(tmp_path):
    write_images(tmp_path / "train", {"c/a.jpg": encode_image()})
    with pytest.raises(InputError, match="neither val nor test is there") as caught:
        load_encoded("folder", tmp_path)
    assert "--set data.test_fraction=0.1" in caught.value.hint


def test_an_unknown_layout():
    with pytest.raises(InputError, match=r"data.name = 'shard'") as caught:
        load_encoded("shard", None)
    assert '"shards"' in caught.value.hint


def test_the_home_folder_is_expanded(photographs, monkeypatch):
    monkeypatch.setenv("HOME", str(photographs.parent))
    assert load_encoded("folder", Path("~/photographs")).num_samples == 12

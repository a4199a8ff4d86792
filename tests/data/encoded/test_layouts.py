"""Folders in which more than one layout lies: refused, or what is not taken is told."""

import subprocess

import pytest

from bsgrow.data import load_encoded
from bsgrow.data.encoded.layouts import find_layout, kind_of, peek
from bsgrow.data.encoded.webdataset import WebDatasetSplit
from bsgrow.data.packing import PackOptions, pack
from bsgrow.data.verify import verify
from bsgrow.errors import InputError
from tests.data.conftest import encode_image, write_images
from tests.data.tar_files import make_tar

CLASSES = {f"{label}/{i}.jpg": encode_image() for label in ("cat", "dog") for i in range(2)}
COMPRESSED = [
    "a.tar.gz",
    "a.tgz",
    "a.tar.zst",
    "a.tzst",
    "a.tar.bz2",
    "a.tbz2",
    "a.tar.xz",
    "a.txz",
]


def tar_at(path, *keys):
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [
        (f"{key}.{e}", encode_image() if e == "jpg" else b"0")
        for key in keys
        for e in ("jpg", "cls")
    ]
    return make_tar(path, parts)


@pytest.fixture
def both(tmp_path):
    """A data set of class folders, and a tar in each split."""
    for split in ("train", "val"):
        write_images(tmp_path / "both" / split, CLASSES)
        tar_at(tmp_path / "both" / split / "left-over.tar", "a", "b", "c")
    return tmp_path / "both"


def refused(act, *arguments):
    with pytest.raises(InputError) as caught:
        act(*arguments)
    return caught.value


@pytest.mark.parametrize("name", ["left-over.tar", *COMPRESSED, "shard-000000.bsgrow"])
def test_class_folders_beside_something_else(tmp_path, name):
    folder = write_images(tmp_path / "both", CLASSES | {name: b"x"})
    error = refused(find_layout, folder)
    assert "(cat/, dog/)" in error.message
    assert f"({name})" in error.message
    assert f": `mkdir both-aside && mv {folder}/{name} both-aside`" in error.hint
    for act in (verify, lambda path: pack(path, tmp_path / "packed", PackOptions())):
        assert refused(act, folder).message == error.message
    assert not (tmp_path / "packed").exists()


def test_the_hint_can_be_followed(both, tmp_path):
    for act in (verify, lambda path: pack(path, tmp_path / "packed", PackOptions())):
        error = refused(act, both)
        assert "holds tars (left-over.tar) and folders of images (cat/, dog/)" in error.message
    for split in ("train", "val"):
        error = refused(verify, both)
        assert str(both / split) in error.message
        subprocess.run(["sh", "-c", error.hint.split("`")[1]], cwd=tmp_path, check=True)
        assert (tmp_path / f"{split}-aside/left-over.tar").exists()
    assert verify(both).num_samples == 8


def test_a_recipe_says_which_and_is_told_of_the_other(both, caplog):
    assert load_encoded("folder", both).num_samples == 4
    assert caplog.messages == [
        f"{both}/{split}: not taken, beside the class folders: left-over.tar"
        for split in ("train", "val")
    ]
    caplog.clear()
    assert load_encoded("webdataset", both).num_samples == 3
    assert caplog.messages == [
        f"{both}/{split}: not taken, beside the tars: cat/, dog/" for split in ("train", "val")
    ]


def test_a_recipe_of_shards_is_told_too(both, tmp_path, caplog):
    for split in ("train", "val"):
        (both / split / "left-over.tar").unlink()
    pack(both, tmp_path / "packed", PackOptions())
    tar_at(tmp_path / "packed/train/a.tar", "a")
    write_images(tmp_path / "packed/train", {"x/1.jpg": b"x", "2.jpg": b"x", "notes.txt": b"x"})
    expected = f"{tmp_path}/packed/train: not taken, beside the packed shards: 2.jpg, a.tar, x/"
    caplog.clear()
    load_encoded("shards", tmp_path / "packed")
    assert caplog.messages == [expected]
    error = refused(verify, tmp_path / "packed")
    assert "holds packed shards (shard-000000.bsgrow) and tars (a.tar) and" in error.message


def test_what_is_not_taken_of_an_image_folder(tmp_path, caplog):
    names = [
        "loose.jpg",
        *(f"{i}.csv" for i in range(9)),
        ".hidden",
        "cat/a.gif",
        "cat/b/c.HEIC",
        "dog/.DS_Store",
        "dog/x.tar",
    ]
    folder = write_images(tmp_path / "train", CLASSES | dict.fromkeys(names, b"x"))
    pack(folder, tmp_path / "packed", PackOptions())
    assert caplog.messages == [
        f"{folder}: 3 files in the class folders that are not named as images are, such as "
        "cat/a.gif",
        f"{folder}: not taken, beside the class folders: loose.jpg, 0.csv, 1.csv, 2.csv, 3.csv "
        "and 5 more",
    ]


@pytest.mark.parametrize("name", COMPRESSED)
def test_compressed_tars_beside_plain_ones(tmp_path, name, caplog):
    tar_at(tmp_path / "b.tar", "b")
    (tmp_path / name).write_bytes(b"x")
    for act in (verify, WebDatasetSplit):
        error = refused(act, tmp_path)
        assert f"no .tar files in place of {name}" in error.message
        assert error.hint.endswith(f" {tmp_path}/{name}`")
    tar_at(tmp_path / "a.tar", "a")
    assert len(WebDatasetSplit(tmp_path)) == 2
    assert caplog.messages == [f"{tmp_path}: not taken, beside the tars: {name}"]


def test_they_can_be_unpacked_as_the_hint_says(tmp_path):
    subprocess.run(["gzip", tar_at(tmp_path / "a b.tar", "a")], check=True)
    hint = refused(WebDatasetSplit, tmp_path).hint
    subprocess.run(["sh", "-c", hint.split("`")[1]], check=True)
    assert len(WebDatasetSplit(tmp_path)) == 1


@pytest.mark.parametrize("name", ["a.zip", "a.tar.lzma", "a.tar.part"])
def test_archives_that_are_not_read_are_named(tmp_path, name):
    (tmp_path / name).touch()
    assert refused(WebDatasetSplit, tmp_path).message.endswith(
        f"no .tar files in it, beside {name}"
    )
    assert refused(verify, tmp_path).message.endswith(f"no class folders in it, beside {name}")


def test_tars_in_folders(tmp_path, caplog):
    tar_at(tmp_path / "train/more/a.tar", "a", "b")
    for act in (verify, WebDatasetSplit):
        error = refused(act, tmp_path / "train")
        assert error.hint == (
            "tars are read from the split's own folder: "
            f"`mv {tmp_path}/train/more/*.tar {tmp_path}/train`"
        )
    tar_at(tmp_path / "train/c.tar", "c")
    error = refused(verify, tmp_path / "train")
    assert "holds tars (c.tar) and folders of tars (more/)" in error.message
    assert len(WebDatasetSplit(tmp_path / "train")) == 1
    assert caplog.messages == [f"{tmp_path}/train: not taken, beside the tars: more/"]


def test_another_layout_than_the_recipe_says(both):
    for split in ("train", "val"):
        (both / split / "left-over.tar").rename(both / f"{split}.aside")
    assert "--set data.name=folder" in refused(load_encoded, "webdataset", both).hint
    for split in ("train", "val"):
        for label in ("cat", "dog"):
            (both / split / label).rename(both / f"{split} {label}.aside")
        (both / f"{split}.aside").rename(both / split / "a.tar")
    assert "--set data.name=webdataset" in refused(load_encoded, "folder", both).hint


def test_shards_where_the_recipe_says_folder(photographs, tmp_path):
    pack(photographs, tmp_path / "packed", PackOptions())
    assert "--set data.name=shards" in refused(load_encoded, "folder", tmp_path / "packed").hint


def test_what_lies_beside_the_splits(both, tmp_path, caplog):
    for split in ("train", "val"):
        (both / split / "left-over.tar").unlink()
    names = ["test/x.jpg", "extra/cat/1.jpg", "empty/notes.txt", "train.tar.gz", ".git/a.jpg"]
    write_images(both, dict.fromkeys([*names, "a.jpg"], b"x"))
    expected = f"{both}: not taken, beside train/ and val/: a.jpg, train.tar.gz, extra/, test/"
    for act in (
        lambda: load_encoded("folder", both),
        lambda: pack(both, tmp_path / "packed", PackOptions()),
    ):
        caplog.clear()
        act()
        assert caplog.messages == [expected]


def test_verify_reads_all_splits_and_tells_of_the_rest(both, caplog):
    for split in ("train", "val"):
        (both / split / "left-over.tar").unlink()
    write_images(both, {"test/cat/x.jpg": encode_image(), "extra/1.jpg": b"x"})
    caplog.clear()
    assert verify(both).num_samples == 9
    assert caplog.messages == [f"{both}: not taken, beside train/ and val/ and test/: extra/"]


def test_nothing_is_told_where_all_is_taken(photographs, tmp_path, caplog):
    write_images(photographs, {"README.md": b"x", "train/.DS_Store": b"x", ".cache/x.jpg": b"x"})
    load_encoded("folder", photographs)
    pack(photographs, tmp_path / "packed", PackOptions())
    load_encoded("shards", tmp_path / "packed")
    verify(tmp_path / "packed")
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.TAR", "tars"),
        ("A.Tar.Gz", "tars"),
        ("a.tar.part", "other archives"),
        ("x.JPG", "images"),
        ("x.zip", "other archives"),
        ("tar", "files"),
        ("shard-000000.bsgrow.tmp", "files"),
    ],
)
def test_kinds(name, kind):
    assert kind_of(name) == kind


def test_looking_into_folders(tmp_path):
    write_images(tmp_path, {"a/b/.x.jpg": b"x", "a/.c/x.jpg": b"x", "a/notes.txt": b"x"})
    (tmp_path / "a/loop").symlink_to(tmp_path)
    assert peek(tmp_path) is None
    assert peek(tmp_path / "none") is None
    write_images(tmp_path, {"a/b/c/d/x.webp": b"x"})
    assert peek(tmp_path) == "images"

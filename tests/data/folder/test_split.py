import errno
import os
import socket
from pathlib import Path

import numpy as np
import pytest

from bsgrow.data.encoded.dataset import SampleError
from bsgrow.data.encoded.names import Names
from bsgrow.data.folder.sample_files import MAX_SAMPLE_BYTES
from bsgrow.data.folder.split import ImageFolderSplit
from bsgrow.errors import InputError
from tests.data.conftest import open_descriptors, write_images

FILES = {"b/1.jpg": b"first", "b/sub/0.PNG": b"second", "a/x.jpeg": b"third", "a/notes.txt": b"-"}


@pytest.fixture
def folder(tmp_path):
    return write_images(tmp_path / "train", FILES)


def test_what_is_listed_and_read(folder):
    split = ImageFolderSplit(folder)
    names = [split.name(i) for i in range(len(split))]
    assert names == [b"a/x.jpeg", b"b/1.jpg", b"b/sub/0.PNG"]
    assert split.class_names == ("a", "b")
    assert split.labels.tolist() == [0, 1, 1]
    assert split.labels.dtype == np.int64
    assert not split.labels.flags.writeable
    assert [bytes(split.read(i)) for i in range(3)] == [FILES[n.decode()] for n in names]
    assert split.locate(2) == f"{folder}/b/sub/0.PNG"
    assert split.size(0) is None


def test_every_class_without_an_image_is_named(folder):
    (folder / "c/only/folders").mkdir(parents=True)
    write_images(folder, {"d/text.txt": b""})
    with pytest.raises(InputError, match=r"no image for the class c, d(\n|$)") as caught:
        ImageFolderSplit(folder)
    assert ".webp" in caught.value.hint


def test_the_fingerprint_is_of_names_labels_and_lengths(folder, tmp_path):
    split = ImageFolderSplit(folder)
    copy = ImageFolderSplit(write_images(tmp_path / "copy", FILES))
    assert split.fingerprint == copy.fingerprint
    for changed in (
        {"b/1.jpg": b"longer than it was"},
        {"b/1b.jpg": b"one more"},
        {"aa/1.jpg": b"another class"},
    ):
        other = ImageFolderSplit(write_images(tmp_path / "-".join(changed)[:2], FILES | changed))
        assert other.fingerprint != split.fingerprint, changed


def test_names_that_are_no_text(tmp_path):
    write_images(tmp_path / "train", {os.fsdecode(b"class\n\xff/\xfe\x1b[0m.jpg"): b"content"})
    split = ImageFolderSplit(tmp_path / "train")
    assert split.name(0) == b"class\n\xff/\xfe\x1b[0m.jpg"
    assert bytes(split.read(0)) == b"content"
    assert split.locate(0).isprintable()
    assert split.fingerprint.startswith("sha256:")


def unreadable(folder, name, make):
    split = ImageFolderSplit(folder)
    path = folder / name
    path.unlink()
    make(path)
    with pytest.raises(SampleError) as caught:
        split.read([split.name(i) for i in range(len(split))].index(name.encode()))
    assert caught.value.where == str(path)
    assert caught.value.message == f"{path}: {caught.value.reason}"
    return caught.value.reason


def listen(path):
    """A socket; bound by a short relative name, as a longer one does not fit the system's limit."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def sparse(num_bytes):
    def make(path):
        with path.open("wb") as stream:
            stream.truncate(num_bytes)

    return make


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "cannot be read: No such file or directory"),
        (lambda path: path.touch(), "the file is empty"),
        (lambda path: path.mkdir(), "not a regular file"),
        (lambda path: os.mkfifo(path), "not a regular file"),
        (listen, "cannot be read: No such device or address"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
        (lambda path: path.symlink_to(path.name), "cannot be read: Too many levels"),
        (sparse(MAX_SAMPLE_BYTES + 1), "above 1 GiB"),
    ],
    ids=["removed", "empty", "folder", "pipe", "socket", "device", "loop", "enormous"],
)
def test_a_file_that_cannot_be_read_while_training(folder, make, reason):
    assert reason in unreadable(folder, "b/1.jpg", make)


def test_permission_denied(folder, monkeypatch):
    split = ImageFolderSplit(folder)

    def refuse(path, flags, mode):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(SampleError, match=r"x.jpeg: cannot be read: Permission denied"):
        split.read(0)


def test_a_disk_that_returns_errors(folder, monkeypatch):
    split = ImageFolderSplit(folder)

    def fail(descriptor, num_bytes, offset):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(SampleError, match=r"x.jpeg: cannot be read: Input/output error"):
        split.read(0)


def test_a_file_cut_short_between_its_length_and_its_content(folder, monkeypatch):
    split = ImageFolderSplit(folder)
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, n, at: pread(fd, min(n, max(0, 3 - at)), at))
    with pytest.raises(SampleError, match="cut short to 3 bytes while it was read"):
        split.read(0)


def test_a_read_that_is_interrupted_goes_on(folder, monkeypatch):
    split = ImageFolderSplit(folder)
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, n, at: pread(fd, min(n, 2), at))
    assert bytes(split.read(0)) == b"third"


def test_no_descriptor_is_left_open(folder):
    split = ImageFolderSplit(folder)
    before = open_descriptors()
    split.read(0)
    (folder / "b/1.jpg").unlink()
    with pytest.raises(SampleError):
        split.read(1)
    assert open_descriptors() == before


def test_a_dangling_link_is_listed_and_counts_in_the_fingerprint(folder):
    (folder / "a/link.jpg").symlink_to("nowhere.jpg")
    split = ImageFolderSplit(folder)
    assert split.num_bytes.tolist() == [-1, 5, 5, 6]
    before = split.fingerprint
    (folder / "a/nowhere.jpg").write_bytes(b"12345")
    assert ImageFolderSplit(folder).fingerprint != before


def test_a_name_takes_little_more_than_its_letters(tmp_path, monkeypatch):
    names = [b"n01440764/%08d.jpg" % i for i in range(100_000)]
    monkeypatch.setattr("bsgrow.data.folder.split.class_names", lambda *_: ["n01440764"])
    monkeypatch.setattr(
        "bsgrow.data.folder.split.list_classes", lambda *_: (Names.of(names), [len(names)])
    )
    split = ImageFolderSplit(tmp_path)
    held = len(split.names.joined) + split.names.ends.nbytes + split.labels.nbytes
    assert held <= 40 * len(names)

import errno
import os
import tarfile

import pytest

from bsgrow.data import SampleError
from bsgrow.data.encoded.dataset import DamagedError
from bsgrow.data.encoded.webdataset import WebDatasetSplit
from bsgrow.errors import InputError
from tests.data.tar_files import make_tar

FIRST = [
    ("train/0001.jpg", b"one"),
    ("train/0001.cls", b"2"),
    ("train/0001.json", b"{}"),
    ("train/0002.cls", b"0\n"),
    ("train/0002.PNG", b"two"),
    ("README", b"no extension"),
    ("train/._0003.jpg", b"what macOS adds"),
]
SECOND = [("x.y.jpg", b"seg"), ("x.jpg", b"three"), ("x.cls", b" 1 "), ("x.seg.png", b"mask")]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "train"
    folder.mkdir()
    make_tar(folder / "b-000001.tar", SECOND)
    make_tar(folder / "b-000000.tar", FIRST)
    return folder


def test_tars_are_read_as_they_are(folder):
    split = WebDatasetSplit(folder)
    assert [bytes(split.read(i)) for i in range(len(split))] == [b"one", b"two", b"three"]
    assert split.labels.tolist() == [2, 0, 1]
    assert split.class_names == ("0", "1", "2")
    assert [split.name(i) for i in range(3)] == [b"train/0001.jpg", b"train/0002.PNG", b"x.jpg"]
    assert split.num_bytes.tolist() == [3, 3, 5]
    place = split.locate(2)
    assert place.startswith(f"{folder}/b-000001.tar at byte ")
    assert place.endswith("(x.jpg)")
    assert not split.labels.flags.writeable


def test_the_fingerprint_does_not_depend_on_how_tars_are_cut(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    make_tar(other / "all.tar", FIRST + SECOND, tarfile.GNU_FORMAT)
    assert WebDatasetSplit(other).fingerprint == WebDatasetSplit(folder).fingerprint
    make_tar(other / "more.tar", FIRST)
    assert WebDatasetSplit(other).fingerprint != WebDatasetSplit(folder).fingerprint


def test_samples_that_are_in_two_tars_are_two(folder):
    make_tar(folder / "c.tar", SECOND)
    split = WebDatasetSplit(folder)
    assert [split.name(i) for i in (2, 3)] == [b"x.jpg", b"x.jpg"]
    assert len(split) == 4


def test_hidden_tars_are_passed_over(folder):
    (folder / "._b-000000.tar").write_bytes(b"what macOS adds")
    make_tar(folder / "C.TAR", SECOND)
    assert len(WebDatasetSplit(folder)) == 4


def test_a_sample_that_is_cut_by_the_end_of_its_tar(tmp_path):
    make_tar(tmp_path / "0.tar", [("a.jpg", b"x")])
    make_tar(tmp_path / "1.tar", [("a.cls", b"1")])
    with pytest.raises(InputError, match=r"0.tar at byte 0: a.jpg belongs to .* 0 labels"):
        WebDatasetSplit(tmp_path)


def test_what_is_in_no_sample_is_told_once(folder, caplog):
    make_tar(folder / "c.tar", [])
    make_tar(folder / "d.tar", [])
    WebDatasetSplit(folder)
    assert caplog.messages == [
        f"{folder}: 2 members in no sample of its tars, such as README",
        f"{folder}: 2 images and labels beside a sample, and not read, such as x.y.jpg",
        f"{folder}: 2 tars without samples, such as c.tar",
    ]


def test_nothing_is_told_where_all_is_read(tmp_path, caplog):
    make_tar(tmp_path / "a.tar", FIRST[:5])
    assert len(WebDatasetSplit(tmp_path)) == 2
    assert caplog.messages == []


def test_no_samples(tmp_path):
    make_tar(tmp_path / "t.tar", [("a.txt", b"x")])
    with pytest.raises(InputError, match="hold no samples"):
        WebDatasetSplit(tmp_path)


def test_no_tars(tmp_path):
    with pytest.raises(InputError, match=r"no .tar files") as caught:
        WebDatasetSplit(tmp_path)
    assert "shard-000000.tar" in caught.value.hint
    (tmp_path / "a.tar.gz").touch()
    with pytest.raises(InputError, match=r"no .tar files") as caught:
        WebDatasetSplit(tmp_path)
    assert "unpack the compressed ones" in caught.value.hint
    with pytest.raises(InputError, match="cannot be listed"):
        WebDatasetSplit(tmp_path / "none")


def test_an_empty_image(tmp_path):
    make_tar(tmp_path / "t.tar", [("a.jpg", b""), ("a.cls", b"0")])
    with pytest.raises(SampleError, match=r"t.tar at byte \d+ \(a.jpg\): an image of 0 bytes"):
        WebDatasetSplit(tmp_path).read(0)


def test_a_tar_cut_short_or_removed_while_training(folder):
    split = WebDatasetSplit(folder)
    os.truncate(folder / "b-000000.tar", 1000)
    with pytest.raises(SampleError, match=r"b-000000.tar at byte \d+: the file ends"):
        split.read(1)
    (folder / "b-000001.tar").unlink()
    with pytest.raises(SampleError, match=r"b-000001.tar at byte \d+: cannot be read: No such"):
        split.read(2)


def test_a_disk_that_returns_errors(folder, monkeypatch):
    split = WebDatasetSplit(folder)

    def fail(descriptor, num_bytes, offset):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(SampleError, match=r"b-000000.tar at byte \d+: cannot be read: Input"):
        split.read(0)
    with pytest.raises(DamagedError, match=r"b-000000.tar at byte \d+: cannot be read: Input"):
        WebDatasetSplit(folder)


def test_a_tar_that_cannot_be_opened(folder):
    (folder / "c.tar").mkdir()
    with pytest.raises(DamagedError, match=r"c.tar: cannot be read: Is a directory"):
        WebDatasetSplit(folder)


def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "c.tar")
    with pytest.raises(DamagedError, match=r"c.tar: cannot be read: not a regular file"):
        WebDatasetSplit(folder)


def test_a_link_that_leads_nowhere(folder):
    (folder / "c.tar").symlink_to("none.tar")
    with pytest.raises(DamagedError, match=r"c.tar: cannot be read: No such file"):
        WebDatasetSplit(folder)


def test_a_tar_that_becomes_a_pipe_while_training(folder):
    split = WebDatasetSplit(folder)
    (folder / "b-000001.tar").unlink()
    os.mkfifo(folder / "b-000001.tar")
    with pytest.raises(SampleError, match=r"b-000001.tar at byte \d+: .*not a regular file"):
        split.read(2)

import os
import shutil

import pytest

from bsgrow.data.packing import PackOptions, pack
from bsgrow.data.verify import verify
from bsgrow.errors import InputError
from tests.data.conftest import encode_image, write_images
from tests.data.shard_files import images_of, write_shards
from tests.data.tar_files import make_tar


@pytest.fixture
def packed(photographs, tmp_path):
    pack(photographs, tmp_path / "packed", PackOptions())
    return tmp_path / "packed"


def found(path, **options):
    return [(damage.where, damage.reason) for damage in verify(path, **options).damaged]


@pytest.mark.parametrize("decode", [False, True])
def test_nothing_is_damaged(packed, photographs, decode):
    told = []
    report = verify(packed, decode=decode, on_progress=lambda *done: told.append(done))
    assert (report.num_samples, report.damaged, report.left_out) == (15, [], [])
    assert told[-1] == (15, 15)
    files = [path for path in photographs.rglob("*.*") if path.is_file()]
    assert report.num_bytes == sum(path.stat().st_size for path in files)
    assert verify(photographs, decode=decode).num_bytes == report.num_bytes
    assert verify(packed / "train").num_samples == 12
    assert verify(packed / "val/shard-000000.bsgrow").num_samples == 3


def test_every_damaged_sample_is_listed(packed):
    path = packed / "train/shard-000000.bsgrow"
    whole = bytearray(path.read_bytes())
    places = []
    for jpeg in (b"\xff\xd8", b"\x89PNG"):
        start = whole.index(jpeg)
        whole[start + 30] ^= 4
        places.append(f"{path} at byte {start} (")
    path.write_bytes(whole)
    damaged = sorted(found(packed))
    assert len(damaged) == 2
    for (where, reason), place in zip(damaged, sorted(places), strict=True):
        assert where.startswith(place)
        assert reason.startswith("its checksum is ")


def test_a_damaged_index_and_the_rest_goes_on(packed):
    path = packed / "train/shard-000000.bsgrow"
    os.truncate(path, path.stat().st_size - 1)
    report = verify(packed)
    assert report.num_samples == 3
    [(where, reason)] = found(packed)
    assert where.startswith(f"{path} at byte")
    assert "bytes were written" in reason


def test_shards_that_do_not_belong_together(packed, tmp_path):
    shutil.rmtree(packed / "val")
    write_shards(packed / "val", images_of(2))
    [(where, reason)] = found(packed)
    assert where == str(packed)
    assert "the splits have other classes" in reason
    folder = write_shards(tmp_path / "x", images_of(2), images_of(3))
    (folder / "shard-000001.bsgrow").unlink()
    assert found(folder) == [(str(folder), f"{folder}: shard-000001.bsgrow is missing, of 2")]


@pytest.mark.parametrize("third", ["test", "tests"])
def test_a_third_folder_hides_no_other_classes(tmp_path, third):
    for split, label in (("train", "cat"), ("val", "dog"), (third, "dog")):
        write_images(tmp_path, {f"{split}/{label}/0.jpg": encode_image()})
    [(where, reason)] = found(tmp_path)
    assert where == str(tmp_path)
    assert "only in the training split: cat; only in the held-out split: dog" in reason


def test_images_without_labels_beside_val(tmp_path):
    for name in ("train/cat/0.jpg", "val/cat/0.jpg", "test/unknown/0.jpg"):
        write_images(tmp_path, {name: encode_image()})
    report = verify(tmp_path)
    assert (report.num_samples, report.damaged) == (3, [])


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_a_damaged_index_hides_no_missing_shard(tmp_path, lost):
    folder = write_shards(tmp_path / "x", *(images_of(2) for _ in range(5)))
    paths = sorted(folder.iterdir())
    os.truncate(paths[4], 50)
    paths[lost].unlink()
    places = [where for where, _ in found(folder)]
    assert places == [f"{paths[4]} at byte 50", str(folder)]
    assert found(folder)[1][1] == f"{folder}: {paths[lost].name} is missing, of 5"


def test_a_damaged_index_hides_no_shard_of_another_split(tmp_path):
    folder = write_shards(tmp_path / "x", *(images_of(2) for _ in range(3)))
    other = write_shards(tmp_path / "y", *(images_of(2) for _ in range(3)), pack_id=bytes(32))
    first, _, last = sorted(folder.iterdir())
    os.truncate(first, 50)
    shutil.copy(other / last.name, last)
    assert [where for where, _ in found(folder)] == [f"{first} at byte 50", str(folder)]
    assert found(folder)[1][1] == f"{last}: is of another split than shard-000001.bsgrow"


def test_every_index_is_damaged(tmp_path):
    folder = write_shards(tmp_path / "x", images_of(2), images_of(2))
    for path in folder.iterdir():
        os.truncate(path, 50)
    assert len(found(folder)) == 2


def test_images_that_do_not_decode_are_found_on_request(tmp_path):
    whole = encode_image(200, 150)
    cut_png = encode_image(200, 150, kind="PNG")[:-800]
    images = {"c/a.jpg": whole, "c/b.jpg": cut_png, "c/c.jpg": b"text", "c/d.jpg": b""}
    folder = write_images(tmp_path / "in", images)
    assert found(folder) == [(f"{folder}/c/d.jpg", "the file is empty")]
    places = [where for where, _ in found(folder, decode=True)]
    assert places == [f"{folder}/c/{name}.jpg" for name in "bcd"]
    (folder / "c/c.jpg").unlink()
    pack(folder, tmp_path / "out", PackOptions(on_error="skip"))
    report = verify(tmp_path / "out", decode=True)
    assert report.left_out == [b"c/d.jpg"]
    assert [damage.where.endswith("(c/b.jpg)") for damage in report.damaged] == [True]


def test_a_size_that_the_index_has_wrong(tmp_path):
    folder = write_shards(tmp_path, [encode_image(16, 12), encode_image(17, 12)])
    [(where, reason)] = found(folder, decode=True)
    assert where.endswith("(c1/1.jpg)")
    assert reason == "12×17 pixels; the index says 12×16"


def test_tars(tmp_path):
    for split in ("train", "val"):
        (tmp_path / split).mkdir()
        make_tar(tmp_path / split / "0.tar", [("a.jpg", encode_image()), ("a.cls", b"1")])
    assert found(tmp_path, decode=True) == []
    os.truncate(tmp_path / "val/0.tar", 700)
    assert found(tmp_path)[0][0] == f"{tmp_path}/val/0.tar at byte 700"


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match="there is no such file or folder"):
        verify(tmp_path / "none")


def test_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe: neither a file nor a folder"):
        verify(tmp_path / "pipe")


def test_one_tar(tmp_path):
    path = make_tar(tmp_path / "0.tar", [("a.jpg", encode_image()), ("a.cls", b"1")])
    with pytest.raises(InputError, match=r"0.tar: tars are checked by the folder") as caught:
        verify(path)
    assert caught.value.hint == f"give the folder: bsgrow data verify {tmp_path}"

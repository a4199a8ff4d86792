import errno
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from bsgrow.data import SampleError, load_encoded
from bsgrow.data.packing import PackOptions, pack
from bsgrow.data.shards import open_shards
from bsgrow.errors import BsgrowError, InputError
from bsgrow.files.lock import LOCK_FILE
from tests.data.conftest import encode_image, write_images
from tests.data.tar_files import make_tar
from tests.full_disk import files_at_most

SMALLEST = PackOptions(shard_bytes=1 << 20)
PADDING = bytes(300_000)  # behind a JPEG, where nobody looks: four of them fill a shard


def files_in(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != LOCK_FILE)
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture
def large(tmp_path):
    """One split of 14 images, some progressive, that fills four shards."""
    images = {
        f"c{i % 2}/{i}.jpg": encode_image(seed=i, progressive=i % 3 == 0) + PADDING
        for i in range(14)
    }
    return write_images(tmp_path / "large", images)


def test_the_stream_of_the_shards_is_that_of_the_folder(photographs, tmp_path):
    train, val = pack(photographs, tmp_path / "packed", PackOptions())
    folder, shards = (
        load_encoded("folder", photographs),
        load_encoded("shards", tmp_path / "packed"),
    )
    assert shards.fingerprint == folder.fingerprint
    assert shards.class_names == folder.class_names == ("class 0", "class 1", "class 2")
    for one, other in ((folder.train, shards.train), (folder.test, shards.test)):
        assert one.labels.tolist() == other.labels.tolist()
        for i in range(len(one)):
            assert one.name(i) == other.name(i)
            assert bytes(one.read(i)) == bytes(other.read(i))
    assert (train.num_samples, val.num_samples) == (12, 3)
    assert (train.folder, train.num_shards) == (tmp_path / "packed/train", 1)
    assert train.num_bytes == (tmp_path / "packed/train/shard-000000.bsgrow").stat().st_size


@pytest.mark.parametrize("options", [{}, {"shortest_side": 8}, {"decode": True}], ids=str)
def test_the_bytes_do_not_depend_on_the_number_of_workers(large, tmp_path, options):
    for workers in (1, 2, 7):
        chosen = PackOptions(shard_bytes=1 << 20, **options)
        pack(large, tmp_path / str(workers), chosen, num_workers=workers)
    one = files_in(tmp_path / "1")
    assert len(one) == 4
    assert one == files_in(tmp_path / "2") == files_in(tmp_path / "7")


def test_every_sample_is_told_of(large, tmp_path):
    told = []
    pack(large, tmp_path / "out", SMALLEST, on_progress=lambda *done: told.append(done))
    assert told == [(i + 1, 14) for i in range(14)]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("killed_after", [1, 4, 5, 9, 14])
def test_a_packing_that_was_killed_goes_on_to_the_same_bytes(large, tmp_path, killed_after):
    pack(large, tmp_path / "undisturbed", SMALLEST)
    child = os.fork()
    if child == 0:

        def kill(done, total):
            if done == killed_after:
                os.kill(os.getpid(), signal.SIGKILL)

        pack(large, tmp_path / "killed", SMALLEST, on_progress=kill)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    finished = (killed_after - 1) // 4
    assert len(list((tmp_path / "killed").glob("*.bsgrow"))) == finished
    [packed] = pack(large, tmp_path / "killed", SMALLEST)
    assert packed.num_kept == finished
    assert packed.num_samples == 14
    assert files_in(tmp_path / "killed") == files_in(tmp_path / "undisturbed")


def test_a_damaged_shard_is_packed_again(large, tmp_path):
    pack(large, tmp_path / "out", SMALLEST)
    whole = files_in(tmp_path / "out")
    for number, damage in enumerate((lambda b: b[:1000], lambda b: b[:-1] + b"x")):
        path = tmp_path / "out" / f"shard-00000{number}.bsgrow"
        path.write_bytes(damage(path.read_bytes()))
    [packed] = pack(large, tmp_path / "out", SMALLEST)
    assert packed.num_kept == 2
    assert files_in(tmp_path / "out") == whole


@pytest.fixture
def with_bad_files(tmp_path):
    images = {f"c/{i}.jpg": encode_image(seed=i) for i in range(6)}
    images |= {"c/0.jpg": b"", "c/3.jpg": b"text"}
    folder = write_images(tmp_path / "bad", images)
    (folder / "c/5.jpg").unlink()
    (folder / "c/5.jpg").symlink_to("nothing")
    return folder


def test_a_bad_file_stops_the_packing(with_bad_files, tmp_path):
    with pytest.raises(SampleError, match=r"c/0.jpg: the file is empty") as caught:
        pack(with_bad_files, tmp_path / "out", PackOptions())
    assert "--on-error skip" in caught.value.hint
    assert files_in(tmp_path / "out") == {}


def test_bad_files_are_left_out_and_listed(with_bad_files, tmp_path):
    options = PackOptions(on_error="skip")
    [packed] = pack(with_bad_files, tmp_path / "out", options, num_workers=3)
    assert [error.message for error in packed.left_out] == [
        f"{with_bad_files}/c/0.jpg: the file is empty",
        f"{with_bad_files}/c/3.jpg: not an image that can be read "
        "(one of JPEG, PNG, BMP, GIF, TIFF, WebP, PPM)",
        f"{with_bad_files}/c/5.jpg: cannot be read: No such file or directory",
    ]
    split = open_shards(tmp_path / "out")
    assert [split.name(i) for i in range(len(split))] == [b"c/1.jpg", b"c/2.jpg", b"c/4.jpg"]
    assert split.left_out == (b"c/0.jpg", b"c/3.jpg", b"c/5.jpg")
    [again] = pack(with_bad_files, tmp_path / "out", options)
    assert (again.num_kept, again.num_left_out) == (0, 3)
    assert [str(error) for error in again.left_out] == [str(error) for error in packed.left_out]


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_what_was_left_out_is_tried_again(large, tmp_path, monkeypatch, on_error):
    pack(large, tmp_path / "undisturbed", SMALLEST)
    skipping = PackOptions(shard_bytes=1 << 20, on_error="skip")
    with monkeypatch.context() as disk:
        fail_to_read(disk, large / "c1/9.jpg")
        [packed] = pack(large, tmp_path / "out", skipping)
        assert (packed.num_samples, packed.num_left_out) == (13, 1)
        with pytest.raises(SampleError, match=r"c1/9.jpg: cannot be read: Input/output error"):
            pack(large, tmp_path / "out", SMALLEST)
    [again] = pack(large, tmp_path / "out", replace(skipping, on_error=on_error))
    assert (again.num_kept, again.num_samples, again.num_left_out) == (3, 14, 0)
    assert files_in(tmp_path / "out") == files_in(tmp_path / "undisturbed")


def fail_to_read(disk: pytest.MonkeyPatch, path: Path) -> None:
    """A disk that returns an error for one file, until it is well again."""
    opened = os.open

    def failing(name, *arguments, **options):
        if os.fsdecode(name) == str(path):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return opened(name, *arguments, **options)

    disk.setattr(os, "open", failing)


def test_a_shard_of_bad_files_alone(tmp_path):
    write_images(
        tmp_path / "in", {f"c/{name}": b"text" * 20 for name in ("é" * 60 + ".jpg", "b.jpg")}
    )
    pack(tmp_path / "in", tmp_path / "out", PackOptions(on_error="skip"))
    with pytest.raises(InputError, match="hold no image"):
        open_shards(tmp_path / "out")


def test_a_file_that_changes_while_packing(large, tmp_path):
    def grow(done, total):
        with (large / "c1/9.jpg").open("ab") as stream:
            stream.write(b"x")

    with pytest.raises(SampleError, match=r"c1/9.jpg: \d+ bytes long, \d+ when packing began"):
        pack(large, tmp_path / "out", SMALLEST, num_workers=1, on_progress=grow)


def test_progressive_images_become_baseline_without_another_fingerprint(large, tmp_path):
    baseline = {}

    def to_baseline(content):
        assert bytes(content).endswith(PADDING)
        return baseline.setdefault(bytes(content), b"baseline %d" % len(baseline))

    pack(large, tmp_path / "lossless", SMALLEST, num_workers=1, to_baseline=to_baseline)
    pack(large, tmp_path / "again", SMALLEST, num_workers=1)
    assert len(baseline) == 5
    lossless, again = open_shards(tmp_path / "lossless"), open_shards(tmp_path / "again")
    assert bytes(lossless.read(0)) == b"baseline 0"
    plain = tmp_path / "data"
    shutil.copytree(large, plain / "train")
    shutil.copytree(large, plain / "val")
    of_the_folder = load_encoded("folder", plain).train.fingerprint
    assert lossless.fingerprint == of_the_folder
    assert again.fingerprint != of_the_folder


def test_other_pixels_have_another_fingerprint(photographs, tmp_path):
    found = set()
    for name, options in (("8", {"shortest_side": 8}), ("9", {"shortest_side": 9}), ("-", {})):
        pack(photographs, tmp_path / name, PackOptions(**options))
        found.add(load_encoded("shards", tmp_path / name).fingerprint)
    assert len(found) == 3


def test_tars_give_the_shards_that_their_images_would(photographs, tmp_path):
    classes = [f"class {i}" for i in range(3)]
    for split in ("train", "val"):
        (tmp_path / "tars" / split).mkdir(parents=True)
        members = []
        for path in sorted((photographs / split).rglob("*.*")):
            label = classes.index(path.relative_to(photographs / split).parts[0])
            members += [(path.name, path.read_bytes()), (f"{path.stem}.cls", b"%d" % label)]
        make_tar(tmp_path / "tars" / split / "000.tar", members)
    pack(tmp_path / "tars", tmp_path / "out", PackOptions())
    tars = load_encoded("webdataset", tmp_path / "tars")
    shards = load_encoded("shards", tmp_path / "out")
    assert shards.fingerprint == tars.fingerprint
    assert shards.class_names == ("0", "1", "2")
    for i in range(12):
        assert bytes(shards.train.read(i)) == bytes(tars.train.read(i))


def test_a_destination_with_something_else(photographs, large, tmp_path):
    pack(photographs, tmp_path / "out", PackOptions())
    before = files_in(tmp_path / "out")
    for source, options in (
        (photographs, PackOptions(decode=True)),
        (large, PackOptions()),
    ):
        dest = tmp_path / "out" / ("train" if source == large else "")
        with pytest.raises(InputError, match="is a shard of another source or of other options"):
            pack(source, dest, options)
    with pytest.raises(InputError, match="is a shard of another source or of other options"):
        pack(photographs, tmp_path / "out", PackOptions(restarts=True), to_baseline=bytes)
    assert files_in(tmp_path / "out") == before


def test_without_what_cuts_intervals_none_are_promised(photographs, tmp_path):
    with pytest.raises(ValueError, match="is what cuts JPEGs"):
        pack(photographs, tmp_path / "out", PackOptions(restarts=True))
    assert not (tmp_path / "out").exists()


def test_destinations_that_cannot_be(photographs, tmp_path):
    with pytest.raises(InputError, match="lies in SOURCE"):
        pack(photographs, photographs / "packed", PackOptions())
    (tmp_path / "file").touch()
    for dest in (tmp_path / "file", tmp_path / "file/x"):
        with pytest.raises(InputError, match=r"DEST .*file is not a folder"):
            pack(photographs, dest, PackOptions())
    (tmp_path / "x").mkdir()
    (tmp_path / "x/train").touch()
    with pytest.raises(InputError, match="train is not a folder"):
        pack(photographs, tmp_path / "x", PackOptions())


def test_a_file_that_was_put_right_makes_another_source(with_bad_files, tmp_path):
    pack(with_bad_files, tmp_path / "out", PackOptions(on_error="skip"))
    (with_bad_files / "c/3.jpg").write_bytes(encode_image())
    with pytest.raises(InputError, match="is a shard of another source") as caught:
        pack(with_bad_files, tmp_path / "out", PackOptions(on_error="skip"))
    assert "as soon as a file of the source is added, removed, or replaced" in caught.value.hint


def test_a_full_disk(photographs, tmp_path):
    with (
        files_at_most(1000),
        pytest.raises(BsgrowError, match=r"write .*shard-000000.bsgrow: File too large") as caught,
    ):
        pack(photographs, tmp_path / "out", PackOptions())
    assert "run the same command again" in caught.value.hint
    assert files_in(tmp_path / "out") == {}


def test_sources_that_are_none(tmp_path, photographs):
    with pytest.raises(InputError, match="none: cannot be listed"):
        pack(tmp_path / "none", tmp_path / "out", PackOptions())
    write_images(tmp_path / "flat", {"a.jpg": b"x"})
    with pytest.raises(InputError, match="no class folders"):
        pack(tmp_path / "flat", tmp_path / "out", PackOptions())
    shutil.rmtree(photographs / "val")
    with pytest.raises(InputError, match="neither val nor test is there"):
        pack(photographs, tmp_path / "out", PackOptions())
    pack(photographs / "train", tmp_path / "out", PackOptions())
    with pytest.raises(InputError, match="holds packed shards already"):
        pack(tmp_path / "out", tmp_path / "again", PackOptions())
    assert not (tmp_path / "again").exists()

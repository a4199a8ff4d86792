"""Shards and tars that go bad: an error with file and offset, or a stand-in; never anything else.

Bad images as such are in ``test_encoded_faults.py``; here it is the large file that fails.
"""

import errno
import os
import re
import shutil
from pathlib import Path

import pytest
import torch

from bsgrow.data import SampleError, load_encoded
from bsgrow.data.encoded.dataset import DamagedError
from bsgrow.data.packing import PackOptions, pack
from bsgrow.loading import micro_batches_of
from tests.loading.encoded_sources import place_of, write_tars
from tests.loading.encoded_stream import DECODERS, make_loader, stream, updates
from tests.photo_folder import write_photographs

N = 40
PADDING = bytes(32_000)  # behind each JPEG, so that forty of them fill more than one shard
SOURCES = ["shards", "webdataset"]
CUTS = ({}, {"micro_batch_size": 7, "num_threads": 1})  # of the stream, which change nothing


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = write_photographs(tmp_path_factory.mktemp("photos"), num_train=N // 2, num_test=2)
    for path in root.rglob("*.jpg"):
        path.write_bytes(path.read_bytes() + PADDING)
    return root


@pytest.fixture(scope="module")
def sources(photos, tmp_path_factory):
    root = tmp_path_factory.mktemp("sources")
    pack(photos, root / "shards", PackOptions(shard_bytes=1 << 20))
    write_tars(photos, root / "webdataset")
    return root


@pytest.fixture(params=SOURCES)
def source(request, sources, tmp_path):
    """A copy that may be damaged, of one kind."""
    return Path(shutil.copytree(sources / request.param, tmp_path / request.param))


def last_of_the_first(source):
    """The place of the last sample of the first of two files."""
    split = load_encoded(source.name, source).train
    files = [place_of(split, sample).path for sample in range(N)]
    assert len(set(files)) == 2
    return place_of(split, files.count(files[0]) - 1)


def flip_a_bit(place, monkeypatch):
    """In the first byte, since a tar has no checksum of its images and must be told by the JPEG."""
    with place.path.open("r+b") as stream:
        stream.seek(place.offset)
        first = stream.read(1)[0]
        stream.seek(place.offset)
        stream.write(bytes([first ^ 4]))
    return place.offset


def cut_short(place, monkeypatch):
    end = place.offset + place.num_bytes // 2
    os.truncate(place.path, end)
    return end


def return_errors(place, monkeypatch):
    """The disk, where the sample is."""
    read = os.pread

    def failing(descriptor, num_bytes, offset):
        if (num_bytes, offset) == (place.num_bytes, place.offset):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, num_bytes, offset)

    monkeypatch.setattr(os, "pread", failing)
    return place.offset


FAULTS = {  # what goes wrong, and what is said of it
    flip_a_bit: r"its checksum is \w{8}, \w{8} was packed|not an image that can be read",
    cut_short: r"the file ends, \d+ bytes too early",
    return_errors: r"cannot be read: Input/output error",
}
faults = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
decoders = pytest.mark.parametrize("decoder", DECODERS)


def opened(source, decoder, on_error, **options):
    return make_loader(source, decoder, name=source.name, on_error=on_error, **options)


@decoders
@faults
def test_it_is_an_error_with_file_and_offset(source, fault, decoder, monkeypatch):
    place = last_of_the_first(source)
    loader = opened(source, decoder, "raise")
    offset = fault(place, monkeypatch)
    with pytest.raises(SampleError) as error:
        stream(loader, N)
    assert re.match(rf"{place.path} at byte {offset}( |$)", error.value.where)
    assert re.match(FAULTS[fault], error.value.reason)
    assert error.value.hint


@decoders
@faults
def test_the_next_sample_stands_in(source, photos, tmp_path, fault, decoder, monkeypatch):
    place = last_of_the_first(source)
    expected = stream(make_loader(with_a_copy(photos, tmp_path, place.sample), decoder), 2 * N)
    loaders = [opened(source, decoder, "skip", **cut) for cut in CUTS]
    offset = fault(place, monkeypatch)
    for loader in loaders:
        images, _ = stream(loader, 2 * N)
        assert torch.equal(images, expected[0])
        assert loader.num_skipped == 2, "once an epoch"
        (reported,) = loader.take_faults()
        assert re.match(rf"{place.path} at byte {offset}( |$)", reported.where)
        assert re.match(FAULTS[fault], reported.reason)


def with_a_copy(photos, tmp_path, sample):
    """The folder with the file of a sample replaced by the next one, of whatever class."""
    root = Path(shutil.copytree(photos, tmp_path / "copy"))
    files = sorted((root / "train").rglob("*.jpg"))
    shutil.copy(files[sample + 1], files[sample])
    return root


@decoders
@faults
def test_the_disk_fails_in_the_middle_of_training(source, fault, decoder, monkeypatch):
    place = last_of_the_first(source)
    loader = opened(source, decoder, "skip")
    batches = micro_batches_of(loader, updates(40 * N))
    next(batches)
    offset = fault(place, monkeypatch)
    assert len(list(batches)) == 40 * N // 16 - 1
    (reported,) = loader.take_faults()
    assert reported.where.startswith(f"{place.path} at byte {offset}")
    assert 0 < loader.num_skipped <= 40


def test_a_file_removed_before_it_was_read(source):
    place = last_of_the_first(source)
    in_second = N - place.sample - 1
    raising, skipping = (opened(source, "native", policy) for policy in ("raise", "skip"))
    split = skipping.dataset.train
    gone = place_of(load_encoded(source.name, source).train, N - 1).path
    gone.unlink()
    with pytest.raises(SampleError, match="No such file") as error:
        stream(raising, N)
    assert error.value.where.startswith(f"{gone} at byte ")
    _, labels = stream(skipping, 2 * N)
    assert skipping.num_skipped == 2 * in_second
    reported = [fault.where for fault in skipping.take_faults()]
    places = {split.locate(sample).partition(" (")[0] for sample in range(place.sample + 1, N)}
    assert set(reported) == places
    assert len(reported) == in_second
    counts = torch.tensor(split.labels[: place.sample + 1]).bincount(minlength=2)
    counts[split.labels[0]] += in_second  # the first sample stands in for all of them
    assert torch.equal(labels.bincount(minlength=2), 2 * counts)


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_a_file_removed_once_it_is_open_stays_readable(source, on_error):
    undisturbed = stream(opened(source, "native", "raise"), 3 * N)
    loader = opened(source, "native", on_error)
    batches = micro_batches_of(loader, updates(3 * N))
    images = [next(batches).images.clone()]
    for path in (source / "train").iterdir():
        path.unlink()
    images += [batch.images for batch in batches]
    assert torch.equal(torch.cat(images), undisturbed[0])
    assert loader.num_skipped == 0


def test_a_file_cut_short_before_is_refused_when_it_is_opened(source):
    place = last_of_the_first(source)
    os.truncate(place.path, place.offset + 10)
    with pytest.raises(DamagedError, match=rf"{place.path} at byte \d+: "):
        load_encoded(source.name, source)

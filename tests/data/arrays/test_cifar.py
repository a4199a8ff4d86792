import dataclasses
import gzip
import hashlib
import io
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsgrow.data import load_dataset
from bsgrow.data.arrays.cifar import LAYOUT_100, load_cifar
from bsgrow.data.arrays.fetch import RemoteFile
from bsgrow.errors import BsgrowError, InputError
from tests.data.cifar_files import LAYOUTS, Small, layout_files
from tests.drawn import num_cases


@pytest.fixture(params=["cifar10", "cifar100"])
def small(request, tmp_path) -> Small:
    # The reader takes 1 000 records at a time: the test file needs two reads.
    return Small(request.param, tmp_path, num_test=1002)


@pytest.fixture
def small_100(tmp_path) -> Small:
    return Small("cifar100", tmp_path, num_test=2)


PLACES = {
    "folder": lambda small: small.unpack(small.folder),
    "parent of the folder": lambda small: small.unpack(small.folder / small.layout.folder).parent,
    "archive": lambda small: small.pack(),
    "folder of the archive": lambda small: small.pack().parent,
}


@pytest.mark.parametrize("place", PLACES)
def test_what_was_written_is_read(small, place, no_network):
    train, test = small.load(PLACES[place](small))
    names = [name for name, _ in small.layout.train_files]
    np.testing.assert_array_equal(train.images, np.concatenate([small.images[n] for n in names]))
    np.testing.assert_array_equal(train.labels, np.concatenate([small.labels[n] for n in names]))
    np.testing.assert_array_equal(test.images, small.images[small.layout.test_file[0]])
    np.testing.assert_array_equal(test.labels, small.labels[small.layout.test_file[0]])


def test_the_official_names_and_sizes():
    sizes = {
        set_name: {name: size * layout.record_bytes for name, size in layout_files(layout)}
        for set_name, layout in LAYOUTS.items()
    }
    batches = [f"data_batch_{i}.bin" for i in (1, 2, 3, 4, 5)]
    assert sizes["cifar10"] == dict.fromkeys([*batches, "test_batch.bin"], 30_730_000)
    assert sizes["cifar100"] == {"train.bin": 153_700_000, "test.bin": 30_740_000}


def expect_error(small: Small, path: Path, *named: str) -> BsgrowError:
    with pytest.raises(BsgrowError) as caught:
        small.load(path)
    for part in named:
        assert part in str(caught.value)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("archived", [False, True])
def test_every_missing_file_is_named(small, archived):
    for name in small.layout.file_names:
        content = small.files.pop(name)
        path = small.pack() if archived else small.unpack(small.folder / f"without {name}")
        error = expect_error(small, path, str(path), f"lacks {name}")
        assert isinstance(error, InputError)
        small.files[name] = content


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("change", [-1, 1, -3073, 3074, "empty"])
def test_a_file_of_another_length(small, archived, change):
    name = small.layout.test_file[0]
    content = small.files[name]
    length = 0 if change == "empty" else len(content) + change
    small.files[name] = (content + bytes(5000))[:length]
    path = small.pack() if archived else small.unpack(small.folder)
    found = f"{'more data' if length > len(content) else 'the data end'} at byte"
    expected = f"{len(content)} bytes (1002 records of {small.layout.record_bytes})"
    expect_error(small, path, name, found, f"byte {min(length, len(content))};", expected)


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("record", [0, 999, 1000, 1001])
def test_a_label_out_of_range(small, archived, record):
    name, limit = small.layout.test_file[0], small.layout.label_limits[-1]
    position = record * small.layout.record_bytes + len(small.layout.label_limits) - 1
    content = bytearray(small.files[name])
    content[position] = limit
    small.files[name] = bytes(content)
    path = small.pack() if archived else small.unpack(small.folder)
    expect_error(
        small, path, name, f"label {limit} at byte {position}; expected at most {limit - 1}"
    )


def test_a_coarse_label_out_of_range(small_100):
    small_100.files["train.bin"] = b"\x14" + small_100.files["train.bin"][1:]
    path = small_100.unpack(small_100.folder)
    expect_error(small_100, path, "train.bin: label 20 at byte 0; expected at most 19")


def test_a_directory_in_place_of_a_file(small):
    path = small.unpack(small.folder)
    (path / small.layout.test_file[0]).unlink()
    (path / small.layout.test_file[0]).mkdir()
    with pytest.raises(BsgrowError, match="Is a directory"):
        small.load(path)


def test_a_link_in_the_archive_is_not_followed(small_100):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name in small_100.layout.file_names:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
            tar.addfile(link)
    expect_error(small_100, small_100.pack(raw.getvalue()), "lacks train.bin, test.bin")


def test_a_path_with_nothing_in_it(small, tmp_path):
    error = expect_error(small, tmp_path / "none", "data.path", "does not exist")
    assert isinstance(error, InputError)
    error = expect_error(
        small, tmp_path, "data.path", small.layout.folder, small.layout.archive.name
    )
    assert isinstance(error, InputError)
    assert "not the Python one" in error.hint


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive at all", bytes(2000), gzip.compress(b""), gzip.compress(b"x" * 2000)],
    ids=["empty", "text", "zeros", "gzip of nothing", "gzip of text"],
)
def test_a_file_that_is_no_archive(small, content):
    path = small.folder / "some.tar.gz"
    path.write_bytes(content)
    expect_error(small, path, str(path))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=num_cases(40),
    deadline=None,
)
@given(fraction=st.floats(0, 1, exclude_max=True))
def test_a_truncated_archive(small_100, fraction):
    path = small_100.pack()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(fraction * len(whole))])
    expect_error(small_100, path, str(path))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=num_cases(60),
    deadline=None,
)
@given(data=st.data())
def test_a_flipped_bit_in_the_archive_never_changes_an_image(small_100, data):
    path = small_100.pack()
    whole = bytearray(path.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    try:
        splits = small_100.load(path)
    except BsgrowError:
        return
    # Some bits mean nothing: gzip's time, or which zero a run of zeros is copied from.
    for split, name in zip(splits, ("train.bin", "test.bin"), strict=True):
        np.testing.assert_array_equal(split.images, small_100.images[name])
        np.testing.assert_array_equal(split.labels, small_100.labels[name])


def test_a_wrong_gzip_checksum_at_the_very_end_is_found(small):
    path = small.pack()
    whole = bytearray(path.read_bytes())
    whole[-8] ^= 1  # the CRC, which only a reader that goes to the end of the file meets
    path.write_bytes(whole)
    expect_error(small, path, str(path), "CRC check failed")


def cache_archive(small: Small, cache: Path) -> bytes:
    content = small.pack().read_bytes()
    (cache / small.name).mkdir(parents=True)
    (cache / small.name / small.layout.archive.name).write_bytes(content)
    return content


def test_the_cached_archive_is_read(small, cache, no_network):
    content = cache_archive(small, cache)
    sha256 = hashlib.sha256(content).hexdigest()
    archive = RemoteFile(small.layout.archive.url, len(content), sha256)
    layout = dataclasses.replace(small.layout, archive=archive)
    _, test = load_cifar(None, download=False, name=small.name, layout=layout)
    np.testing.assert_array_equal(test.images, small.images[small.layout.test_file[0]])


def test_a_cached_archive_with_another_checksum_is_refused(small, cache, no_network):
    cache_archive(small, cache)
    with pytest.raises(BsgrowError, match=rf"bytes, expected {small.layout.archive.num_bytes}"):
        load_dataset(small.name, download=False)


def test_a_full_set_takes_little_more_than_its_size(tmp_path, no_network):
    for name, size in layout_files(LAYOUT_100):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(size * LAYOUT_100.record_bytes)  # zeros that take no disk
    tracemalloc.start()
    dataset = load_dataset("cifar100", tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert dataset.train.images.shape == (50_000, 3, 32, 32)
    assert dataset.test.images.shape == (10_000, 3, 32, 32)
    assert not dataset.train.images.flags.writeable
    assert peak < 1.2 * (dataset.train.images.nbytes + dataset.test.images.nbytes)

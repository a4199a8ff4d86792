import gzip
import tracemalloc

import numpy as np
import pytest

from bsgrow.data import DATASETS, load_dataset
from bsgrow.data.arrays import fashion_mnist
from bsgrow.data.arrays.fashion_mnist import DEBIAN_FOLDER, FILES, read_split
from bsgrow.errors import BsgrowError, InputError

needs_debian = pytest.mark.skipif(
    not DEBIAN_FOLDER.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed"
)
IMAGES = np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)
LABELS = np.array([0, 9, 3, 3, 1, 8, 2], dtype=np.uint8)


@pytest.fixture
def small(tmp_path, idx_bytes):
    """A split of seven images, labels gzipped and images not."""
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(LABELS)))
    return tmp_path


@pytest.fixture
def blank(tmp_path, idx_bytes):
    """All four files in full size, all zeros after the header, as holes on the disk."""
    for file in FILES:
        num_samples = 60_000 if file.name.startswith("train") else 10_000
        tail = (28, 28) if "images" in file.name else ()
        header = idx_bytes(np.empty((num_samples, 0, 0)[: 1 + len(tail)], np.uint8))
        shape = np.array((num_samples, *tail), ">u4").tobytes()
        path = tmp_path / file.name.removesuffix(".gz")
        with path.open("wb") as stream:
            stream.write(header[:4] + shape)
            stream.truncate(4 + len(shape) + num_samples * (784 if tail else 1))
    return tmp_path


def test_a_split_is_read_as_written(small):
    split = read_split(small, "train", 7)
    assert split.images.shape == (7, 1, 28, 28)
    np.testing.assert_array_equal(split.images[:, 0], IMAGES)
    np.testing.assert_array_equal(split.labels, LABELS)
    assert split.labels.dtype == np.int64


def test_another_number_of_images(small):
    with pytest.raises(BsgrowError, match="dimension 7 at byte 4; expected 8"):
        read_split(small, "train", 8)


def test_a_label_out_of_range(small, idx_bytes):
    labels = LABELS.copy()
    labels[4:] = 10
    (small / "train-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    with pytest.raises(
        BsgrowError, match="labels-idx1-ubyte: label 10 at byte 12; expected at most 9"
    ):
        read_split(small, "train", 7)


def test_a_folder_in_full_size_takes_little_more_than_its_size(blank, no_network):
    tracemalloc.start()
    dataset = load_dataset("fashion-mnist", blank)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert dataset.train.images.shape == (60_000, 1, 28, 28)
    assert dataset.test.images.shape == (10_000, 1, 28, 28)
    assert peak < 1.2 * (dataset.train.images.nbytes + dataset.test.images.nbytes)


def test_a_truncated_file_of_a_folder(blank):
    path = blank / "t10k-images-idx3-ubyte"
    with path.open("r+b") as stream:
        stream.truncate(7_839_999)
    with pytest.raises(BsgrowError, match=f"{path}: the data end at byte 7839999") as caught:
        load_dataset("fashion-mnist", blank)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_missing_file_is_named(blank, file):
    name = file.name.removesuffix(".gz")
    (blank / name).unlink()
    with pytest.raises(InputError, match=f"lacks {name}, with or without"):
        load_dataset("fashion-mnist", blank)


def test_a_directory_in_place_of_a_file(blank):
    (blank / "t10k-labels-idx1-ubyte").unlink()
    (blank / "t10k-labels-idx1-ubyte").mkdir()
    with pytest.raises(BsgrowError, match="Is a directory"):
        load_dataset("fashion-mnist", blank)


def test_a_path_that_is_no_directory(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(InputError, match=r"data\.path = .* is not a directory"):
            load_dataset("fashion-mnist", path)


def test_neither_debian_nor_cache_nor_download(cache, no_network, monkeypatch, tmp_path):
    monkeypatch.setattr(fashion_mnist, "DEBIAN_FOLDER", tmp_path / "none")
    with pytest.raises(BsgrowError, match="downloading is off") as caught:
        load_dataset("fashion-mnist", download=False)
    assert all(file.url in caught.value.hint for file in FILES)
    assert "dataset-fashion-mnist" in caught.value.hint
    assert str(cache / "fashion-mnist") in caught.value.hint


def test_debians_folder_is_used_before_the_cache(blank, cache, no_network, monkeypatch):
    monkeypatch.setattr(fashion_mnist, "DEBIAN_FOLDER", blank)
    assert len(load_dataset("fashion-mnist").train) == 60_000


@needs_debian
def test_the_real_files(no_network):
    dataset = load_dataset("fashion-mnist", DEBIAN_FOLDER)
    assert np.bincount(dataset.train.labels).tolist() == [6000] * 10
    assert np.bincount(dataset.test.labels).tolist() == [1000] * 10
    histogram = np.bincount(dataset.train.images.reshape(-1), minlength=256)
    pixels = np.arange(256) / 255
    mean = np.average(pixels, weights=histogram)
    std = np.sqrt(np.average((pixels - mean) ** 2, weights=histogram))
    assert DATASETS["fashion-mnist"].mean == pytest.approx((mean,), abs=5e-5)
    assert DATASETS["fashion-mnist"].std == pytest.approx((std,), abs=5e-5)
    # The first training image is an ankle boot.
    assert dataset.train.labels[0] == 9

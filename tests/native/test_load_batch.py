"""load_batch against the plain-Python reference, bit for bit."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.native import Augment, load_batch, reference
from tests.drawn import num_cases

ITEMS = {"float32": np.float32, "float16": np.float16, "bfloat16": np.uint16}


def make_images(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def make_out(shape, dtype, channels_last, offset=0):
    """Full of ones, so that what is not written shows; so many bytes past a cache line."""
    items = np.dtype(ITEMS[dtype])
    memory = np.empty(math.prod(shape) * items.itemsize + 128, np.uint8)
    first = -memory.ctypes.data % 64 + offset
    flat = memory[first : first + math.prod(shape) * items.itemsize].view(items)
    flat[:] = 1
    if not channels_last:
        return flat.reshape(shape)
    num, channels, height, width = shape
    return flat.reshape(num, height, width, channels).transpose(0, 3, 1, 2)


def bits(array):
    return np.ascontiguousarray(array).view(np.uint16)


@st.composite
def cases(draw):
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    channels = draw(st.integers(1, 5))
    pad = draw(st.integers(0, min(height, width, 9) - 1))
    num_samples = draw(st.integers(1, 12))
    last = min(num_samples * 2**32, 2**64 - 1)
    start = draw(st.one_of(st.integers(0, 50), st.integers(0, last)))
    numbers = st.lists(st.floats(-2.0, 2.0, width=32), min_size=channels, max_size=channels)
    return {
        "images": make_images((num_samples, channels, height, width), draw(st.integers(0, 99))),
        "labels": np.arange(num_samples, dtype=np.int64) - 3,
        "seed": draw(st.integers(0, 2**64 - 1)),
        "start": start,
        "stop": min(start + draw(st.integers(0, 70)), last),
        "augment": draw(
            st.none()
            | st.builds(
                Augment,
                st.just(pad),
                st.sampled_from(["zero", "reflect"]),
                st.booleans(),
                st.just(0) | st.integers(0, min(height, width)),
            )
        ),
        "mean": draw(numbers),
        "std": [abs(value) + draw(st.sampled_from([1e-7, 0.01, 0.3])) for value in draw(numbers)],
        "shuffle": draw(st.booleans()),
    }


@settings(max_examples=num_cases(300), deadline=None)
@given(
    case=cases(),
    dtype=st.sampled_from(list(ITEMS)),
    channels_last=st.booleans(),
    num_threads=st.integers(1, 4),
)
def test_equals_the_reference(case, dtype, channels_last, num_threads):
    expected_images, expected_labels = reference.load_batch(**case, dtype=dtype)
    out_images = make_out(expected_images.shape, dtype, channels_last)
    out_labels = np.full(expected_labels.shape, -9, dtype=np.int64)
    load_batch(**case, out_images=out_images, out_labels=out_labels, num_threads=num_threads)
    np.testing.assert_array_equal(bits(out_images), bits(expected_images))
    np.testing.assert_array_equal(out_labels, expected_labels)


def run(images, labels, start, stop, **changes):
    out_images = np.ones((stop - start, *images.shape[1:]), np.float32)
    out_labels = np.full(stop - start, -1, np.int64)
    arguments = {
        "seed": 2**40 + 1,
        "augment": Augment(pad=4, padding="reflect", flip=True),
        "mean": [0.4] * 3,
        "std": [0.3] * 3,
        "num_threads": 2,
    } | changes
    load_batch(
        images,
        labels,
        start=start,
        stop=stop,
        out_images=out_images,
        out_labels=out_labels,
        **arguments,
    )
    return out_images, out_labels


@given(cuts=st.lists(st.integers(100, 400), max_size=8), threads=st.integers(1, 5))
@settings(max_examples=num_cases(40), deadline=None)
def test_does_not_depend_on_how_it_is_cut(cuts, threads):
    images, labels = make_images((77, 3, 12, 12)), np.arange(77)
    whole_images, whole_labels = run(images, labels, 100, 400)
    edges = [100, *sorted(cuts), 400]
    parts = [run(images, labels, a, b, num_threads=threads) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate([part[0] for part in parts]), whole_images)
    np.testing.assert_array_equal(np.concatenate([part[1] for part in parts]), whole_labels)


def test_crop_offsets_and_flips_are_uniform():
    """A single bright pixel in the middle shows where each window lay."""
    images = np.zeros((1, 1, 11, 11), np.uint8)
    images[0, 0, 5, 3] = 255
    num = 20_000
    out = np.empty((num, 1, 11, 11), np.float32)
    load_batch(
        images,
        np.zeros(1, np.int64),
        seed=9,
        start=0,
        stop=num,
        augment=Augment(pad=2, flip=True),
        mean=[0.0],
        std=[1.0],
        out_images=out,
        out_labels=np.empty(num, np.int64),
        num_threads=2,
    )
    _, _, rows, columns = np.nonzero(out)
    places, counts = np.unique(np.stack([rows, columns]), axis=1, return_counts=True)
    # Rows 3 to 7; columns 1 to 5 as they are, 5 to 9 flipped, column 5 in both.
    assert set(places[0]) == set(range(3, 8))
    assert set(places[1]) == set(range(1, 10))
    expected = num / 50 * np.where(places[1] == 5, 2, 1)
    assert float(((counts - expected) ** 2 / expected).sum()) < 44 + 5 * (2 * 44) ** 0.5


@pytest.mark.parametrize("cutout", [1, 4, 7])
def test_cutout_blanks_a_square_whose_centre_is_uniform(cutout):
    """The part inside the image of a square about a pixel: rows from centre - cutout // 2."""
    num = 20_000
    images = np.full((num, 3, 7, 9), 255, np.uint8)
    out, _ = run(images, np.arange(num), 0, num, augment=Augment(cutout=cutout))
    blank = out[:, 0] == 0
    assert (out == np.where(blank, np.float32(0), out.max())[:, None]).all()
    rows, columns = (reachable(size, cutout) for size in (7, 9))
    expected = num * np.outer(rows, columns)
    deviation = (blank.sum(axis=0) - expected) / np.sqrt(expected * (1 - expected / num) + 1e-9)
    assert np.abs(deviation).max() < 5


def reachable(size, cutout):
    """Probability that a place of [0, size) is within the square."""
    centres = np.arange(size)[:, None]
    places = np.arange(size)
    inside = (places >= centres - cutout // 2) & (places < centres - cutout // 2 + cutout)
    return inside.mean(axis=0)


def test_zero_padding_is_black_before_normalisation():
    images = np.full((1, 1, 8, 8), 255, np.uint8)
    out, _ = run(np.repeat(images, 3, axis=1), np.zeros(1, np.int64), 0, 50, augment=Augment(pad=3))
    black = np.float32(0) * np.float32(1 / (255 * 0.3)) + np.float32(-0.4 / 0.3)
    assert set(np.unique(out)) == {black, out.max()}


def test_torch_reads_the_buffer_without_a_copy(tmp_path):
    """Data from a read-only memory map, into tensors of torch, in its memory formats."""
    path = tmp_path / "images.npy"
    np.save(path, make_images((30, 3, 16, 16)))
    images, labels = np.load(path, mmap_mode="r"), np.arange(30)
    batch = torch.ones((30, 3, 16, 16), dtype=torch.bfloat16).to(memory_format=torch.channels_last)
    arguments = {
        "seed": 5,
        "start": 17,
        "stop": 47,
        "augment": Augment(pad=4, flip=True),
        "mean": [0.5] * 3,
        "std": [0.25] * 3,
    }
    out_labels = torch.zeros(30, dtype=torch.int64)
    load_batch(
        images,
        labels,
        **arguments,
        out_images=batch.view(torch.uint16).numpy(),
        out_labels=out_labels.numpy(),
        num_threads=2,
    )
    expected, expected_labels = reference.load_batch(images, labels, **arguments, dtype="bfloat16")
    assert torch.equal(batch.contiguous().view(torch.uint16), torch.from_numpy(expected))
    assert torch.equal(out_labels, torch.from_numpy(expected_labels))


@pytest.mark.parametrize("dtype", list(ITEMS))
@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("width", [32, 28, 12])
@pytest.mark.parametrize("offset", [0, 4, 32])
def test_large_batches_that_are_written_past_the_caches(dtype, channels_last, width, offset):
    images, labels = make_images((50, 3, 32, width)), np.arange(50)
    num = 9_000_000 // (images[0].size * np.dtype(ITEMS[dtype]).itemsize)
    arguments = {
        "images": images,
        "labels": labels,
        "seed": 2,
        "augment": Augment(pad=4, flip=True, cutout=8),
        "mean": [0.5, 0.4, 0.3],
        "std": [0.2, 0.3, 0.1],
        "num_threads": 2,
    }
    whole = make_out((num, *images.shape[1:]), dtype, channels_last, offset)
    whole_labels = np.zeros(num, np.int64)
    load_batch(**arguments, start=0, stop=num, out_images=whole, out_labels=whole_labels)
    parts = make_out(whole.shape, dtype, channels_last, 64 - offset)
    parts_labels = np.zeros(num, np.int64)
    for start in range(0, num, 250):
        part = slice(start, min(start + 250, num))
        load_batch(
            **arguments,
            start=part.start,
            stop=part.stop,
            out_images=parts[part],
            out_labels=parts_labels[part],
        )
    np.testing.assert_array_equal(bits(whole), bits(parts))
    np.testing.assert_array_equal(whole_labels, parts_labels)

"""Random resized crops: against the reference bit for bit, against torchvision's distribution."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow import _native
from bsgrow.errors import InputError
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.native import reference_resized_crop as reference
from bsgrow.native.resized_crop import crop_windows
from tests.drawn import num_cases

sides = st.one_of(st.integers(1, 12), st.integers(1, 70_000), st.integers(1, 2**31 - 1))
words = st.integers(0, 2**32 - 1)


def ranges(low, high):
    ends = st.tuples(st.floats(low, high), st.floats(low, high))
    return st.one_of(st.just((low, high)), ends).map(lambda pair: tuple(sorted(pair)))


@settings(max_examples=num_cases(300))
@given(
    height=sides,
    width=sides,
    sample=words,
    epoch=words,
    seed=st.integers(0, 2**64 - 1),
    scale=ranges(1e-6, 1.0),
    ratio=ranges(1e-2, 1e2),
    flip=st.booleans(),
)
def test_equals_the_reference(height, width, sample, epoch, seed, scale, ratio, flip):
    crop = ResizedCrop(224, scale, ratio)
    windows = crop_windows(np.array([[height, width]]), [sample], [epoch], seed, crop, flip)
    expected = reference.crop_window(
        crop, height, width, seed=seed, sample=sample, epoch=epoch, flip=flip
    )
    assert tuple(windows[0]) == expected
    top, left, rows, columns, _ = expected
    assert 0 <= top <= top + rows <= height
    assert 0 <= left <= left + columns <= width
    assert min(rows, columns) > 0


@given(st.floats(-700, 700))
def test_the_exponential_is_right_to_one_unit_in_the_last_place(x):
    assert abs(reference.exponential(x) - math.exp(x)) <= math.ulp(math.exp(x))


def torchvision_window(height, width, scale, ratio, generator):
    """RandomResizedCrop.get_params as torchvision documents it, with another generator."""
    for _ in range(10):
        area = height * width * generator.uniform(*scale)
        aspect = math.exp(generator.uniform(math.log(ratio[0]), math.log(ratio[1])))
        columns, rows = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < columns <= width and 0 < rows <= height:
            top = generator.randint(0, height - rows)
            return top, generator.randint(0, width - columns), rows, columns
    columns, rows = width, height
    if width / height < min(ratio):
        rows = round(width / min(ratio))
    elif width / height > max(ratio):
        columns = round(height * max(ratio))
    return (height - rows) // 2, (width - columns) // 2, rows, columns


def largest_gap(first, second):
    """The two-sample Kolmogorov-Smirnov statistic."""
    places = np.union1d(first, second)
    below = [np.searchsorted(np.sort(x), places, side="right") / len(x) for x in (first, second)]
    return np.abs(below[0] - below[1]).max()


@pytest.mark.parametrize(
    ("height", "width", "scale", "ratio"),
    [
        (375, 500, (0.08, 1.0), (3 / 4, 4 / 3)),
        (500, 333, (0.25, 1.0), (3 / 4, 4 / 3)),
        (100, 900, (0.3, 1.0), (0.5, 2.0)),  # the fallback is common
    ],
)
def test_windows_are_distributed_as_torchvision_s(height, width, scale, ratio):
    num = 20_000
    generator = random.Random(1)
    theirs = np.array(
        [torchvision_window(height, width, scale, ratio, generator) for _ in range(num)]
    )
    sizes = np.tile([height, width], (num, 1))
    crop = ResizedCrop(224, scale, ratio)
    ours = crop_windows(sizes, np.arange(num), np.zeros(num, int), 5, crop, True)
    assert abs(ours[:, 4].mean() - 0.5) < 0.012
    columns = [*zip(ours[:, :4].T, theirs.T, strict=True)]
    columns.append((ours[:, 2] * ours[:, 3], theirs[:, 2] * theirs[:, 3]))
    columns.append((ours[:, 0] + ours[:, 2], theirs[:, 0] + theirs[:, 2]))
    for mine, other in columns:
        assert largest_gap(mine, other) < 1.63 * math.sqrt(2 / num)  # one in a hundred is above


def test_flips_are_those_of_the_stream():
    ours = crop_windows(
        np.full((50, 2), 40), np.arange(50), np.full(50, 7), 3, ResizedCrop(8), flip=True
    )
    assert [bool(flipped) for flipped in ours[:, 4]] == [
        reference.is_flipped(3, sample, 7) for sample in range(50)
    ]


def test_a_centre_crop_shows_the_whole_image():
    sizes = np.array([[375, 500], [0, 0]])
    windows = crop_windows(sizes, [0, 1], [0, 0], 0, CentreCrop(224, 256), False)
    assert windows.tolist() == [[0, 0, 375, 500, 0], [0, 0, 0, 0, 0]]


def test_an_unknown_size_has_no_window():
    windows = crop_windows(np.array([[0, 0]]), [0], [0], 0, ResizedCrop(224), True)
    assert windows.tolist() == [[0, 0, 0, 0, 0]]


def arguments(**changes):
    return {
        "sizes": np.full((3, 2), 9),
        "samples": np.arange(3),
        "epochs": np.arange(3),
        "seed": 0,
        "scale": (0.1, 1.0),
        "ratio": (0.5, 2.0),
        "log_ratio": (-0.7, 0.7),
        "flip": True,
        "out": np.zeros((3, 5), np.int32),
    } | changes


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("sizes", np.full((3, 3), 9), "dimension 1 must be 2"),
        ("sizes", np.full((3, 2), -1), "got -1 where 0 to 2147483647"),
        ("sizes", np.full((3, 2), 2**31), "got 2147483648"),
        ("sizes", np.full((3, 4), 9)[:, ::2], "got strides"),
        ("sizes", np.full((3, 2), 9.0), "format 'd'"),
        ("samples", np.arange(4), "dimension 0 must be 3"),
        ("samples", np.arange(3) - 1, "got -1 where"),
        ("epochs", np.arange(3) + 2**32, "got 4294967296 where"),
        ("seed", 2**64, "got 18446744073709551616"),
        ("scale", (0.0, 1.0), "the smaller first"),
        ("scale", (0.5, 0.4), "the smaller first"),
        ("scale", (0.5, 1.1), "the smaller first"),
        ("ratio", (float("nan"), 1.0), "the smaller first"),
        ("log_ratio", (0.0, 701.0), "the smaller first"),
        ("out", np.zeros((3, 5), np.int64), "format 'l'"),
        ("out", np.zeros((2, 5), np.int32), "dimension 0 must be 3"),
        ("out", np.zeros((3, 4), np.int32), "dimension 1 must be 5"),
        ("out", np.zeros((3, 10), np.int32)[:, ::2], "got strides"),
    ],
)
def test_a_wrong_value_is_named(name, value, message):
    with pytest.raises(ValueError, match=f"^{name}: .*{message}"):
        _native.crop_windows(**arguments(**{name: value}))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ResizedCrop(0), "size = 0"),
        (lambda: ResizedCrop(True), "size = True"),
        (lambda: ResizedCrop(224, scale=(0.0, 1.0)), r"scale = \(0\.0, 1\.0\)"),
        (lambda: ResizedCrop(224, scale=(0.5, 0.1)), r"scale = \(0\.5, 0\.1\)"),
        (lambda: ResizedCrop(224, ratio=(1.0,)), r"ratio = \(1\.0,\)"),
        (lambda: ResizedCrop(224, ratio=(1.0, float("inf"))), "ratio = "),
        (lambda: CentreCrop(224, 223), "resize = 223 is smaller than size = 224"),
        (lambda: CentreCrop(224, 2.5), r"resize = 2\.5"),
    ],
)
def test_a_wrong_crop_is_named(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert caught.value.hint

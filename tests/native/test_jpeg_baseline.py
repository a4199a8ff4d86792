"""The native decoder beside libjpeg-turbo: the same pixels of whatever is decoded, to the bit."""

import platform
import re
from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("bsgrow._native_jpeg")

from tests.drawn import num_cases
from tests.fuzz.mutate import mutate
from tests.jpeg_variants import segment, segments
from tests.native.instruction_sets import INSTRUCTION_SETS, digest_by
from tests.native.jpeg_digest import digest
from tests.native.jpeg_outcome import outcome, require_the_same
from tests.photographs import cut, encode, jpeg_kinds

SIDES = st.integers(1, 75)


@st.composite
def options(draw):
    """How Pillow is to write a JPEG: what it is sampled and coded with, by which tables."""
    chosen = {
        "quality": draw(st.sampled_from([1, 30, 75, 90, 100])),
        "subsampling": draw(st.integers(0, 2)),
        "optimize": draw(st.booleans()),
        "mode": draw(st.sampled_from(["RGB", "RGB", "RGB", "L"])),
    }
    if draw(st.booleans()):
        chosen["restart_marker_blocks"] = draw(st.integers(1, 9))
    if draw(st.booleans()):
        steps = st.lists(st.integers(1, 255), min_size=64, max_size=64)
        chosen["qtables"] = [draw(steps), draw(steps)]
    return chosen


@st.composite
def windows(draw, height, width):
    top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    return top, left, draw(st.integers(1, height - top)), draw(st.integers(1, width - left))


def pixels_of(height, width, seed, kind):
    if kind == "photograph":
        return cut(height, width, top=seed % 300, left=seed % 500)
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return noise if kind == "noise" else noise // 255 * 255


@settings(max_examples=num_cases(150))
@given(SIDES, SIDES, st.integers(0, 2**16), options(), st.data())
def test_a_window_is_what_libjpeg_makes_of_it(height, width, seed, chosen, data):
    kind = data.draw(st.sampled_from(["photograph", "noise", "black and white"]))
    encoded = encode(pixels_of(height, width, seed, kind), **chosen)
    window = data.draw(st.one_of(st.just((0, 0, height, width)), windows(height, width)))
    assert require_the_same(encoded, window) == "decoded"


def with_data(encoded, data):
    """A JPEG whose entropy-coded data are others: any bits are codes of some block, or of none."""
    start = encoded.index(b"\xff\xda")
    end = start + 2 + int.from_bytes(encoded[start + 2 : start + 4], "big")
    return encoded[:end] + data.replace(b"\xff", b"\xff\0") + b"\xff\xd9"


@pytest.mark.skipif(
    platform.machine() != "x86_64", reason="elsewhere libjpeg-turbo wraps otherwise"
)
def test_numbers_that_no_image_has_wrap_and_saturate_as_in_libjpeg():
    random, results = Random(3), Counter()
    for _ in range(num_cases(300)):
        height, width = random.randint(1, 60), random.randint(1, 60)
        steps = [[random.choice([1, 20, 255]) for _ in range(64)] for _ in range(2)]
        encoded = encode(cut(height, width), subsampling=random.randint(0, 2), qtables=steps)
        encoded = with_data(encoded, random.randbytes(height * width))
        rows, columns = random.randint(1, height), random.randint(1, width)
        results[require_the_same(encoded, (0, 0, rows, columns))] += 1
    assert results["decoded"] > 20, results
    assert results["failed"] > 20, results


def test_colours_of_two_samplings_are_what_libjpeg_makes_of_them():
    encoded, random, results = encode(cut(16, 16), subsampling=2), Random(7), Counter()
    third = encoded.index(b"\xff\xc0") + 17
    encoded = encoded[:third] + b"\x21" + encoded[third + 1 :]
    for _ in range(30):
        results[require_the_same(with_data(encoded, random.randbytes(400)), (0, 0, 16, 16))] += 1
    assert results["decoded"] > 3, results


def test_what_a_header_calls_arithmetic_coded_is_what_libjpeg_makes_of_it():
    """To an arithmetic decoder nearly any bytes are some image; some builds have none."""
    encoded = encode(cut(40, 40)).replace(b"\xff\xc0", b"\xff\xc9", 1)
    found = outcome(encoded, (0, 0, 40, 40), by_libjpeg=False)
    expected = outcome(encoded, (0, 0, 40, 40), by_libjpeg=True)
    assert found[:2] == expected[:2]
    np.testing.assert_array_equal(found.pixels, expected.pixels)


def test_what_is_damaged_is_told_of_as_by_libjpeg():
    random, results = Random(5), Counter()
    seeds = [encoded for kind, encoded in jpeg_kinds().items() if "progressive" not in kind]
    for _ in range(num_cases(300)):
        encoded = mutate(random, seeds)
        top, left = random.randint(0, 150), random.randint(0, 150)
        window = (top, left, random.randint(1, 60), random.randint(1, 60))
        results[require_the_same(encoded, window)] += 1
    assert results["decoded"] > 20, results
    assert results["failed"] > 20, results


@pytest.mark.parametrize(
    ("marker", "at", "body", "reason"),
    [
        (b"\xff\xda", 11, b"\0\x3e\0", "Invalid SOS parameters"),
        (b"\xff\xda", 6, b"\x03", "Huffman table 0x03 was not defined"),
        (b"\xff\xda", 6, b"\x30", "Huffman table 0x03 was not defined"),
        (b"\xff\xc0", 12, b"\x03", "Quantization table 0x03 was not defined"),
    ],
)
def test_what_a_header_says_amiss_is_told_of_as_by_libjpeg(marker, at, body, reason):
    encoded = encode(cut(40, 56))
    start = encoded.index(marker) + at
    encoded = encoded[:start] + body + encoded[start + len(body) :]
    assert reason in outcome(encoded, (0, 0, 40, 56), by_libjpeg=False).reason
    assert require_the_same(encoded, (0, 0, 40, 56)) == "failed"


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_usual_kinds_need_no_libjpeg(subsampling, mode):
    """Which reads the last row of a window to its end, and finds that it is cut off there."""
    encoded = encode(cut(64, 256), mode=mode, subsampling=subsampling)
    cut_short = encoded[: len(encoded) - 60]
    window = (40, 0, 24, 8)
    assert "Premature end" in outcome(cut_short, window, by_libjpeg=True).reason
    found = outcome(cut_short, window, by_libjpeg=False)
    assert found.result == "decoded", found.reason
    np.testing.assert_array_equal(found.pixels, outcome(encoded, window, by_libjpeg=True).pixels)


def with_intervals(encoded, change):
    """A JPEG whose restart intervals change (index, bytes) has made into others."""
    start = encoded.index(b"\xff\xda")
    parts = re.split(rb"(\xff[\xd0-\xd7])", encoded[start:])
    parts[::2] = [change(i, interval) for i, interval in enumerate(parts[::2])]
    return encoded[:start] + b"".join(parts)


def test_restart_intervals_beside_a_window_are_passed_over():
    """Those too that make no whole rows, as of 3 units, of which libjpeg-turbo decodes all."""
    whole = encode(cut(64, 256), subsampling=2, restart_marker_blocks=3)
    window = (40, 128, 8, 16)
    above, left, right = 1, 11, 15
    for beside in (above, left, right):
        damaged = with_intervals(whole, lambda i, data, emptied=beside: data * (i != emptied))
        assert outcome(damaged, window, by_libjpeg=True).result == "failed"
        found = outcome(damaged, window, by_libjpeg=False)
        assert found.result == "decoded", found.reason
        np.testing.assert_array_equal(found.pixels, outcome(whole, window, by_libjpeg=True).pixels)


def test_restart_intervals_that_are_longer_or_lost_are_told_of_as_by_libjpeg():
    whole = encode(cut(64, 256), subsampling=2, restart_marker_blocks=3)
    longer = with_intervals(whole, lambda i, data: data + b"\0" * (i == 2))
    lost = whole.replace(b"\xff\xd1", b"\xff\xd2", 1)
    for encoded in (longer, lost):
        found = outcome(encoded, (0, 0, 64, 256), by_libjpeg=False)
        assert found.result == "failed"
        assert found[:2] == outcome(encoded, (0, 0, 64, 256), by_libjpeg=True)[:2]


def with_dc_code(encoded, counts, symbols):
    """A JPEG whose brightness has another Huffman code of DC coefficients."""
    parts, scan = segments(encoded)
    table = segment(0xC4, bytes([0, *counts, *bytes(16 - len(counts)), *symbols]))
    return b"\xff\xd8" + b"".join(part for _, part in parts) + table + scan


@pytest.mark.parametrize(
    ("counts", "symbols"),
    [
        pytest.param([0, 1, 5, 1, 1, 1, 1, 2], range(12), id="a code of ones alone"),
        pytest.param([0, 1, 5, 1, 1, 1, 1, 1, 3], range(14), id="more codes than there are"),
        pytest.param([0, 1, 5, 1, 1, 1, 1, 1, 1], [*range(11), 16], id="numbers of 16 bits"),
    ],
)
def test_what_is_no_huffman_code_is_refused_as_by_libjpeg(counts, symbols):
    """Though no block has any of what is wrong with it."""
    usual = encode(cut(40, 40))
    window = (0, 0, 40, 40)
    same = with_dc_code(usual, [0, 1, 5, 1, 1, 1, 1, 1, 1], range(12))
    assert require_the_same(same, window) == "decoded"
    for _again in range(2):  # a thread keeps its tables for the next image
        found = outcome(with_dc_code(usual, counts, symbols), window, by_libjpeg=False)
        assert found.result == "failed"
        assert "Bogus Huffman table" in found.reason


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
def test_every_instruction_set_gives_the_same(instruction_set):
    assert digest_by(instruction_set, "tests.native.jpeg_digest") == digest()

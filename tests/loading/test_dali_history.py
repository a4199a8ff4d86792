"""What comes of an image follows from its bytes and its window, whatever else was decoded."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.loading.dali_decoder import DaliDecoder
from tests.loading import decoder_chunks
from tests.loading.encoded_stream import SIZE, needs_dali
from tests.photographs import cut, encode, save

PHOTO = encode(cut(90, 120), restart_marker_rows=1)
PNG = save(cut(90, 120), "PNG")


def with_hole(content):
    """Its lower part has lost data."""
    at = len(content) * 3 // 4
    return content[:at] + bytes(60) + content[at + 60 :]


IMAGES = [
    PHOTO,
    PNG,
    with_hole(PHOTO),
    with_hole(PNG),
    PHOTO[: len(PHOTO) // 2],
    PHOTO[:900],
    bytes(decoder_chunks.without_codes(memoryview(PHOTO))),
    save(cut(90, 120), "GIF"),
]
WINDOWS = [(0, 0, 40, 120, 0), (10, 5, 80, 70, 1), (0, 0, 90, 120, 0), (50, 60, 50, 60, 0)]
"""The last of them does not lie in the image."""

CASES = st.lists(st.tuples(st.sampled_from(IMAGES), st.sampled_from(WINDOWS)), max_size=8)


def decode(decoder, cases):
    """What came of each: its pixels, or None."""
    out = torch.full((len(cases), 3, SIZE, SIZE), torch.nan)
    images = [memoryview(image) for image, _ in cases]
    windows = np.array([window for _, window in cases], np.int32)
    failed = decoder.begin(images, windows, out).result()
    return [None if row in failed else out[row].numpy().tobytes() for row in range(len(cases))]


@cache
def decoded_first(image, window):
    out = torch.full((1, 3, SIZE, SIZE), torch.nan)
    decoder = DaliDecoder(decoder_chunks.settings())
    windows = np.array([window], np.int32)
    reason = decoder.decode_alone(memoryview(image), windows, out)
    return out.numpy().tobytes() if reason is None else None


@needs_dali
@settings(max_examples=15)
@given(chunks=st.lists(CASES.filter(len), min_size=1, max_size=4))
def test_whatever_came_before_and_stands_beside_it(chunks):
    decoder = DaliDecoder(decoder_chunks.settings())
    for cases in chunks:
        assert decode(decoder, cases) == [decoded_first(*case) for case in cases]


@needs_dali
def test_what_these_images_are():
    """Some decode for some windows only."""
    kinds = {tuple(decoded_first(image, window) is None for window in WINDOWS) for image in IMAGES}
    assert (False, False, False, True) in kinds
    assert (True, True, True, True) in kinds


@needs_dali
@pytest.mark.parametrize("place", [0, 3, 7])
def test_a_refused_image_in_any_place_of_its_chunk(place):
    cases = [(PHOTO, WINDOWS[i % 3]) for i in range(8)]
    cases[place] = (IMAGES[6], WINDOWS[0])
    decoder = DaliDecoder(decoder_chunks.settings())
    for _ in range(2):
        came = decode(decoder, cases)
        assert came == [decoded_first(*case) for case in cases]
        assert [row for row, pixels in enumerate(came) if pixels is None] == [place]

"""Pixels that are missing are an error, for every decoder; none becomes grey or black."""

import numpy as np
import pytest
import torch

from bsgrow.data.packing import PackOptions
from bsgrow.data.packing.transform import prepare
from bsgrow.images.image_error import ImageError
from bsgrow.images.reading import check_decodes, shown_levels
from bsgrow.loading.dali_decoder import DaliDecoder
from bsgrow.loading.native_decoder import NativeDecoder
from tests.images.damaged import missing_pixels, nothing_missing
from tests.images.kind import SHAPE
from tests.loading.decoder_chunks import settings
from tests.loading.encoded_stream import needs_dali

MISSING, WHOLE = missing_pixels(), nothing_missing()
SIDE = 8
PLAIN = {"size": SIDE, "mean": (0.0,) * 3, "std": (1.0,) * 3}
TOP_LEFT = np.array([[0, 0, SIDE, SIDE, 0]], np.int32)
REASON = "missing|damaged|cannot be decom|cannot be decoded|palette|above the highest|lossless"


@pytest.mark.parametrize("name", MISSING)
def test_missing_pixels_are_an_error(name):
    content = MISSING[name]
    for decode in (
        shown_levels,
        check_decodes,
        lambda content: prepare(content, PackOptions(decode=True), None),
        lambda content: prepare(content, PackOptions(shortest_side=9), None),
    ):
        with pytest.raises(ImageError, match=REASON):
            decode(content)


def test_training_refuses_them_whatever_its_window_needs():
    refused = refused_by(NativeDecoder(settings(**PLAIN)))
    assert refused == list(MISSING)


@needs_dali
def test_dali_refuses_them_too():
    assert refused_by(DaliDecoder(settings(**PLAIN))) == list(MISSING)


def refused_by(decoder):
    out = torch.empty(1, 3, SIDE, SIDE)
    return [
        name
        for name, content in MISSING.items()
        if decoder.decode_alone(memoryview(content), TOP_LEFT, out) is not None
    ]


@pytest.mark.parametrize("name", WHOLE)
def test_what_lacks_no_pixel_decodes(name):
    content, pixels = WHOLE[name]
    assert np.array_equal(shown_levels(content), pixels)
    assert check_decodes(content) == SHAPE


@needs_dali
def test_dali_shows_it_too():
    decoder, out = DaliDecoder(settings(**PLAIN)), torch.empty(1, 3, SIDE, SIDE)
    for name, (content, pixels) in WHOLE.items():
        assert decoder.decode_alone(memoryview(content), TOP_LEFT, out) is None, name
        levels = np.moveaxis(out.numpy()[0] * 255, 0, 2)
        assert np.abs(levels - pixels[:SIDE, :SIDE]).max() < 1e-3, name

"""What is odd about a JPEG and no loss decodes; what is lost is refused: by all, alike."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.data.packing import PackOptions
from bsgrow.data.packing.transform import prepare
from bsgrow.images.dali_formats import dali_decodes
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg import header as jpeg_header
from bsgrow.images.jpeg.baseline import to_baseline
from bsgrow.images.jpeg.header import is_cut_short
from bsgrow.images.reading import check_decodes, shown_levels, shown_size
from bsgrow.loading.dali_decoder import DaliDecoder
from bsgrow.native.decoding import check_as_in_training, decode_batch, is_built
from tests.loading import decoder_chunks
from tests.loading.encoded_stream import needs_dali
from tests.native.test_jpeg_scans import flat_image
from tests.odd_jpegs import (
    GREY,
    INK,
    PLAIN,
    PROGRESSIVE,
    REFUSED,
    RESTARTS,
    WHOLE,
    with_thumbnail,
)
from tests.photographs import with_scans

pytestmark = pytest.mark.skipif(not is_built(), reason="the module for JPEGs was not built")

SIZE = 16
LEVELS = {"mean": (0.0,) * 3, "std": (1 / 255,) * 3}


def window(content):
    """All of it, as the loader asks for it."""
    size = shown_size(content)
    if is_cut_short(content):
        raise ImageError("cut short")
    return np.array([[0, 0, *size, 0]], np.int32)


def native(content):
    out = np.full((1, 3, SIZE, SIZE), np.nan, np.float32)
    options = {"windows": window(content), "size": SIZE, "out_images": out, "num_threads": 1}
    (reason,) = decode_batch([content], **options, **LEVELS)
    if reason is not None:
        raise ImageError(reason)
    return out[0]


def dali(content):
    decoder = DaliDecoder(decoder_chunks.settings(size=SIZE, max_samples=1, **LEVELS))
    out = torch.full((1, 3, SIZE, SIZE), torch.nan)
    reason = decoder.decode_alone(memoryview(content), window(content), out)
    if reason is not None:
        raise ImageError(reason)
    return out[0].numpy()


def packed(content, transcode=to_baseline, **options):
    return prepare(content, PackOptions(**options), transcode, check_as_in_training)


PATHS = {
    "native": native,
    "packing": packed,
    "packing without the transcoder": lambda content: packed(content, None),
    "packing, decoded": lambda content: packed(content, decode=True),
    "packing, reduced": lambda content: packed(content, shortest_side=20),
    "verifying": check_decodes,
    "verifying as in training": check_as_in_training,
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("path", PATHS)
def test_what_is_odd_and_no_loss_is_taken_by_all(path, name):
    PATHS[path](WHOLE[name][0])


@pytest.mark.parametrize("name", WHOLE)
def test_it_shows_what_the_plain_one_shows(name):
    odd, plain = WHOLE[name]
    np.testing.assert_array_equal(native(odd), native(plain))
    np.testing.assert_array_equal(shown_levels(odd), shown_levels(plain))
    np.testing.assert_array_equal(shown_levels(to_baseline(odd)), shown_levels(plain))


@needs_dali
@pytest.mark.parametrize("name", WHOLE)
def test_on_dali_it_is_within_a_level_of_that(name):
    odd, plain = WHOLE[name]
    assert np.abs(dali(odd) - native(plain))[:, 1:-1, 1:-1].max() < 1.01


@needs_dali
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_lost_is_refused_by_all(name):
    for path in (*PATHS.values(), dali):
        with pytest.raises(ImageError):
            path(REFUSED[name])


@pytest.mark.parametrize("content", [PLAIN, GREY, PROGRESSIVE, RESTARTS, INK], ids=range(5))
@settings(max_examples=40)
@given(data=st.data())
def test_a_file_cut_anywhere_is_refused_or_shown_whole(content, data):
    """And with zeros behind the cut, as where a file was not written to its end."""
    cut = content[: data.draw(st.integers(0, len(content)))]
    filled = cut + bytes(data.draw(st.sampled_from([0, 1, 3000])))
    try:
        shown = native(filled)
    except ImageError:
        assert cut != content
    else:
        np.testing.assert_array_equal(shown, native(content))


@pytest.mark.parametrize("num_scans", range(1, 10))
def test_scans_that_were_left_out_are_no_loss_where_an_end_says_so(num_scans):
    content = with_scans(PROGRESSIVE, num_scans)
    native(content)
    with pytest.raises(ImageError):
        native(content[:-2])
    with pytest.raises(ImageError, match="Premature end of JPEG file"):
        check_as_in_training(content[:-2])


@needs_dali
@pytest.mark.parametrize("num_scans", range(1, 11))
def test_dali_is_given_no_image_that_leaves_scans_out(num_scans):
    """It smooths over what is missing, by up to 19 levels."""
    content = with_scans(PROGRESSIVE, num_scans)
    assert dali_decodes(memoryview(content)) == (num_scans == 10)
    assert np.abs(dali(content) - native(content))[:, 1:-1, 1:-1].max() < 1.01


@needs_dali
@pytest.mark.parametrize("num_scans", [1, 2, 3])
@pytest.mark.parametrize("progressive", [False, True])
def test_dali_is_given_all_components_or_nothing(progressive, num_scans):
    content = with_thumbnail(flat_image(progressive, num_scans))
    assert dali_decodes(memoryview(content)) == (num_scans == 3 and not progressive)
    if num_scans == 3:
        np.testing.assert_array_equal(dali(content), native(content))
    else:
        with pytest.raises(ImageError):
            dali(content)


def test_without_the_module_for_jpegs_the_end_has_to_be_there(monkeypatch):
    """Pillow would make what is missing grey, and says nothing of it."""
    monkeypatch.setattr(jpeg_header, "jpeg_extension", None)
    assert is_cut_short(PLAIN[:-2])
    assert not is_cut_short(PLAIN)
    with pytest.raises(ImageError):
        shown_levels(PLAIN[:-2])


def test_lost_restart_intervals_are_lost_pixels():
    """Bytes between them are no stray ones: they are what was to be decoded."""
    at = RESTARTS.index(b"\xff\xd2")
    with pytest.raises(ImageError, match="Corrupt JPEG data"):
        native(RESTARTS[:at] + b"\1\2\3\4\5" + RESTARTS[at:])

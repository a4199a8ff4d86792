"""However a file says how it is shown, all that open it show it so."""

import functools

import numpy as np
import pytest
import torch

from bsgrow.data.packing import PackOptions
from bsgrow.data.packing.transform import prepare
from bsgrow.images.orientation import orientation_of
from bsgrow.images.reading import check_decodes, shown_levels, shown_size
from bsgrow.loading.dali_decoder import DaliDecoder
from bsgrow.native.decoding import decode_batch
from tests.images import exif_files as files
from tests.images.exif_files import CONTAINERS, entry, tiff
from tests.loading import decoder_chunks
from tests.loading.encoded_stream import needs_dali
from tests.photographs import encode

pytestmark = [  # Pillow's, on opening some
    pytest.mark.filterwarnings("ignore:Corrupt EXIF data"),
    pytest.mark.filterwarnings("ignore:Metadata Warning, tag 274 had too many entries"),
]

SIZE = 16
PLAIN = {"mean": (0.0,) * 3, "std": (1.0,) * 3}
EXIFS = {
    **{str(value): tiff(entry(value)) for value in (*range(10), 0xFFFF)},
    "LONG": tiff(entry(6, files.LONG)),
    "LONG, big-endian": tiff(entry(6, files.LONG, order=">"), order=">"),
    "big-endian": tiff(entry(8, order=">"), order=">"),
    "BYTE": tiff(entry(6, files.BYTE)),
    "signed": tiff(entry(6, files.SIGNED_SHORT)),
    "two values": tiff(entry(6, count=2)),
    "too many entries": tiff(entry(5), says=9, end=b""),
    "outside": tiff(entry(6), at=5000),
    "twice": tiff(entry(6), entry(3)),
    "twice, the first of another type": tiff(entry(3, files.BYTE), entry(6)),  # DALI would turn it
}


def window_of(content):
    """A part of the image that is mirrored and is not in its middle."""
    height, width = shown_size(content)
    return np.array([[height // 5, width // 3, height // 2, width // 2, 1]], np.int32)


def native(content):
    out = np.full((1, 3, SIZE, SIZE), np.nan, np.float32)
    options = {"windows": window_of(content), "size": SIZE, "out_images": out, "num_threads": 1}
    assert decode_batch([content], **options, **PLAIN) == [None]
    return out[0] * 255


@functools.cache
def dali_decoder():
    return DaliDecoder(decoder_chunks.settings(size=SIZE, **PLAIN))


def dali(content):
    out = torch.full((1, 3, SIZE, SIZE), torch.nan)
    decoding = dali_decoder().begin([memoryview(content)], window_of(content), out)
    assert list(decoding.result()) == []
    return out[0].numpy() * 255


def upright(content):
    if content.startswith(b"\xff\xd8"):
        return shown_levels(encode(files.PIXELS), 10**4)
    return files.PIXELS


@needs_dali
@pytest.mark.parametrize("exif", EXIFS)
@pytest.mark.parametrize("container", [*CONTAINERS, "TIFF"])
def test_all_decoders_packing_and_verifying_agree(container, exif):
    if container == "TIFF":
        order = "<" if EXIFS[exif][:1] == b"I" else ">"
        content = files.tiff_image(EXIFS[exif][10:22], order)
    else:
        content = CONTAINERS[container](EXIFS[exif])
    expected = files.turned(upright(content), orientation_of(content))
    assert np.array_equal(shown_levels(content, 10**4), expected)
    assert shown_size(content) == check_decodes(content) == expected.shape[:2]
    prepared = prepare(content, PackOptions(decode=True), None)
    assert (prepared.height, prepared.width, 3) == expected.shape
    assert np.abs(native(content) - dali(content))[:, 1:-1, 1:-1].max() < 1.01


@pytest.mark.parametrize("exif", EXIFS)
@pytest.mark.parametrize("container", ["JPEG", "PNG", "WebP", "TIFF"])
def test_a_reduced_image_is_shown_as_before(container, exif):
    """Packing keeps the orientation beside pixels that are as stored."""
    if container == "TIFF":
        order = "<" if EXIFS[exif][:1] == b"I" else ">"
        content = files.tiff_image(EXIFS[exif][10:22], order)
    else:
        content = CONTAINERS[container](EXIFS[exif])
    small = prepare(content, PackOptions(shortest_side=23, quality=95), None)
    assert orientation_of(small.content) == orientation_of(content)
    height, width = shown_size(content)
    assert (small.height, small.width) == shown_size(small.content)
    assert (small.height > small.width) == (height > width)
    before, after = native(content), native(small.content)
    assert np.abs(before - after).mean() < 12

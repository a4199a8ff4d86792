"""The orientation that XMP may give, which counts for no decoder."""

import io

import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from bsgrow.data.packing import PackOptions
from bsgrow.data.packing.transform import prepare
from bsgrow.images.reading import check_decodes, shown_levels, shown_size
from tests.data.conftest import encode_image


def with_xmp(**kind):
    """An image that its XMP would turn."""
    xmp = b'<x tiff:Orientation="6"/>'
    if kind.get("kind") == "TIFF":
        return encode_image(17, 12, tiffinfo={700: xmp}, **kind)
    if kind.get("kind") == "PNG":
        text = PngInfo()
        chunk = b"XML:com.adobe.xmp" + bytes(5) + xmp
        text.add(b"iTXt", chunk, after_idat=kind.pop("after_idat", False))
        return encode_image(17, 12, pnginfo=text, **kind)
    return encode_image(17, 12, xmp=xmp, **kind)


XMP_KINDS = [
    {},
    {"mode": "CMYK"},
    {"kind": "WEBP"},
    {"kind": "TIFF"},
    {"kind": "TIFF", "compression": "tiff_lzw"},
    {"kind": "PNG"},
    {"kind": "PNG", "after_idat": True},
]


@pytest.mark.parametrize("kind", XMP_KINDS, ids=str)
@pytest.mark.parametrize("options", [{}, {"decode": True}, {"longest_side": 17}], ids=str)
def test_an_orientation_in_xmp_alone_does_not_count(kind, options):
    content = with_xmp(**kind)
    with Image.open(io.BytesIO(content)) as image:
        assert ImageOps.exif_transpose(image).size == (12, 17)
    prepared = prepare(content, PackOptions(**options), None)
    assert (prepared.height, prepared.width) == shown_size(content) == check_decodes(content)
    assert shown_levels(content, 1000).shape == (12, 17, 3)
    assert shown_size(content) == (12, 17)


@pytest.mark.parametrize("kind", XMP_KINDS, ids=str)
def test_nor_does_it_where_the_image_is_reduced(kind):
    prepared = prepare(with_xmp(**kind), PackOptions(shortest_side=6), None)
    assert (prepared.height, prepared.width) == shown_size(prepared.content) == (6, 9)

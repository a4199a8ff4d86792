import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from bsgrow.data.packing import PackOptions
from bsgrow.data.packing.transform import prepare
from bsgrow.errors import InputError
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.baseline import to_baseline, with_restarts
from bsgrow.images.reading import check_decodes, shown_levels, shown_size
from bsgrow.native.decoding import check_as_in_training, is_built
from tests.data.conftest import encode_image

KEPT = [
    {},
    {"mode": "L"},
    {"mode": "CMYK"},
    {"orientation": 6},
    {"kind": "PNG", "mode": "RGBA"},
    {"kind": "PNG", "mode": "P"},
    {"kind": "WEBP"},
    {"kind": "BMP"},
    {"kind": "PPM"},
    {"kind": "TIFF"},
    {"kind": "GIF"},
]


@pytest.mark.parametrize("decode", [False, True])
@pytest.mark.parametrize("kind", KEPT, ids=str)
def test_an_image_is_kept_to_the_byte(kind, decode):
    content = encode_image(17, 12, **kind)
    prepared = prepare(content, PackOptions(decode=decode), None)
    assert prepared.content == content
    size = (17, 12) if kind.get("orientation") == 6 else (12, 17)
    assert (prepared.height, prepared.width) == size
    assert not prepared.changed


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_the_one_shown(orientation):
    content = encode_image(17, 12, orientation=orientation)
    prepared = prepare(content, PackOptions(), None)
    with Image.open(io.BytesIO(content)) as image:
        shown = ImageOps.exif_transpose(image)
    assert (prepared.height, prepared.width) == (shown.height, shown.width)


@pytest.mark.parametrize("kind", KEPT, ids=str)
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("decode", [False, True])
def test_the_size_is_that_of_the_decoded_pixels(kind, orientation, decode):
    exif = {"orientation": orientation} if kind.get("kind") not in ("BMP", "PPM", "GIF") else {}
    content = encode_image(17, 12, **kind | exif)
    shape = shown_levels(content, 1000).shape
    prepared = prepare(content, PackOptions(decode=decode), None)
    assert (prepared.height, prepared.width, 3) == shape
    assert (*shown_size(content), 3) == shape
    assert (*check_decodes(content), 3) == shape


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_tiff_is_reduced_as_it_is_shown(orientation):
    content = encode_image(400, 200, kind="TIFF", orientation=orientation)
    prepared = prepare(content, PackOptions(shortest_side=100, quality=95), None)
    with Image.open(io.BytesIO(content)) as image:
        size = (200, 100) if orientation < 5 else (100, 200)
        expected = np.asarray(ImageOps.exif_transpose(image).resize(size), int)
    assert (prepared.height, prepared.width) == size[::-1]
    assert np.abs(shown_levels(prepared.content, 10**5) - expected).mean() < 6


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"shortest_side": 10}, (20, 10)),
        ({"longest_side": 10}, (10, 5)),
        ({"shortest_side": 1}, (2, 1)),
        ({"longest_side": 1}, (1, 1)),
        ({"longest_side": 7}, (7, 4)),
    ],
    ids=str,
)
@pytest.mark.parametrize("orientation", [1, 6])
def test_reducing_meets_the_side_and_keeps_the_orientation(options, size, orientation):
    content = encode_image(40, 20, orientation=orientation)
    prepared = prepare(content, PackOptions(**options), None)
    with Image.open(io.BytesIO(prepared.content)) as image:
        assert (image.format, image.size) == ("JPEG", size)
        assert image.getexif().get(0x0112, 1) == orientation
    shown = size if orientation == 6 else size[::-1]
    assert (prepared.height, prepared.width) == shown == check_decodes(prepared.content)
    assert prepared.changed


@pytest.mark.parametrize("options", [{"shortest_side": 20}, {"longest_side": 40}])
def test_nothing_is_enlarged(options):
    content = encode_image(40, 20)
    assert prepare(content, PackOptions(**options), None).content == content


@pytest.mark.parametrize("kind", [*KEPT, {"kind": "PNG", "mode": "1"}], ids=str)
def test_every_kind_is_reduced_to_a_jpeg_of_one_or_three_channels(kind):
    content = encode_image(64, 48, **kind)
    prepared = prepare(content, PackOptions(shortest_side=24, quality=95), None)
    with Image.open(io.BytesIO(content)) as image:
        expected = image.convert("RGB").resize((32, 24), Image.Resampling.LANCZOS)
    with Image.open(io.BytesIO(prepared.content)) as image:
        assert image.mode in ("L", "RGB")
        difference = np.abs(np.asarray(image.convert("RGB"), int) - np.asarray(expected, int))
    assert difference.mean() < 6


@pytest.mark.skipif(not is_built(), reason="the native JPEG module was not built")
@pytest.mark.parametrize("kind", ["baseline", "progressive", "reduced", "another"])
def test_restart_intervals_change_no_pixel(kind):
    content = encode_image(65, 470, progressive=kind == "progressive")
    if kind == "another":
        content = b"P5 30 20 255\n" + bytes(600)
    plain = PackOptions(shortest_side=40 if kind == "reduced" else None)
    before = prepare(content, plain, to_baseline)
    after = prepare(content, replace(plain, restarts=True), with_restarts)
    assert (b"\xff\xdd\0\4" in after.content) == (kind != "another")
    assert (after.height, after.width, after.changed) == (
        before.height,
        before.width,
        before.changed,
    )
    np.testing.assert_array_equal(shown_levels(after.content), shown_levels(before.content))


def test_sixteen_bits_are_kept_where_nothing_is_reduced():
    stream = io.BytesIO()
    Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30) * 100).save(stream, "PNG")
    pgm = b"P5 30 20 4095\n" + bytes(1200)
    for content in (stream.getvalue(), pgm):
        for options in (PackOptions(), PackOptions(decode=True)):
            prepared = prepare(content, options, None, check_as_in_training)
            assert prepared.content == content
            assert (prepared.height, prepared.width) == (20, 30)


@pytest.mark.skipif(not is_built(), reason="the native JPEG module was not built")
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_the_transcoder_keeps_every_pixel(mode):
    content = encode_image(65, 47, mode=mode, progressive=True, orientation=8)
    prepared = prepare(content, PackOptions(), to_baseline)
    with (
        Image.open(io.BytesIO(content)) as before,
        Image.open(io.BytesIO(prepared.content)) as after,
    ):
        assert "progressive" not in after.info
        assert after.getexif()[0x0112] == 8
        np.testing.assert_array_equal(np.asarray(before), np.asarray(after))
    assert (prepared.height, prepared.width, prepared.changed) == (65, 47, False)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_without_a_transcoder_a_progressive_jpeg_is_encoded_again_with_its_tables(mode):
    content = encode_image(64, 48, mode=mode, progressive=True, quality=80, orientation=8)
    prepared = prepare(content, PackOptions(), None)
    with (
        Image.open(io.BytesIO(content)) as before,
        Image.open(io.BytesIO(prepared.content)) as after,
    ):
        assert "progressive" in before.info
        assert "progressive" not in after.info
        assert after.mode == mode
        assert after.quantization == before.quantization
        assert after.getexif()[0x0112] == 8
        difference = np.abs(np.asarray(before, int) - np.asarray(after, int))
    assert (prepared.height, prepared.width, prepared.changed) == (64, 48, True)
    assert difference.mean() < 1.5


def test_a_transcoder_is_given_progressive_jpegs_only():
    given = []

    def transcode(content):
        given.append(bytes(content))
        return b"baseline"

    progressive = encode_image(progressive=True)
    assert prepare(progressive, PackOptions(), transcode).content == b"baseline"
    assert not prepare(progressive, PackOptions(), transcode).changed
    prepare(encode_image(), PackOptions(), transcode)
    prepare(encode_image(kind="PNG"), PackOptions(), transcode)
    assert given == [progressive] * 2


def test_a_transcoder_that_fails():
    def transcode(content):
        raise ValueError("premature end")

    with pytest.raises(ImageError, match="cannot be transcoded: premature end"):
        prepare(encode_image(progressive=True), PackOptions(), transcode)


BAD = {
    "text": b"no image at all",
    "zeros": bytes(1000),
    "header alone": encode_image()[:20],
    "icon": encode_image(kind="ICO"),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
}
CUT = encode_image(200, 200)[:-900]
CUT_PNG = encode_image(200, 200, kind="PNG")[:-900]


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_image(what):
    with pytest.raises(ImageError, match=r"not an image|ends within its header"):
        prepare(BAD[what], PackOptions(), None)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
@pytest.mark.parametrize("options", [{}, {"decode": True}, {"shortest_side": 8}], ids=str)
def test_pixels_that_are_no_levels_are_refused_as_in_training(dtype, options):
    stream = io.BytesIO()
    Image.fromarray(np.ones((20, 30), dtype)).save(stream, "TIFF")
    with pytest.raises(ImageError, match="numbers of 32 bits"):
        prepare(stream.getvalue(), PackOptions(**options), None)
    with pytest.raises(ImageError, match="numbers of 32 bits"):
        check_decodes(stream.getvalue())


@pytest.mark.parametrize("options", [{}, {"decode": True}, {"shortest_side": 8}], ids=str)
@pytest.mark.parametrize("content", [CUT, CUT + CUT, encode_image(progressive=True)[:-9]])
def test_a_jpeg_cut_short_is_refused_as_in_training(options, content):
    for kind in (content, memoryview(content)):
        with pytest.raises(ImageError, match="the JPEG is cut short: it has no end"):
            prepare(kind, PackOptions(**options), None)


def test_another_image_cut_short_is_found_where_it_is_decoded():
    assert prepare(CUT_PNG, PackOptions(), None).content == CUT_PNG
    for options in ({"decode": True}, {"shortest_side": 8}):
        with pytest.raises(ImageError, match="pixels are missing: "):
            prepare(CUT_PNG, PackOptions(**options), None)


def test_a_decompression_bomb():
    bomb = bytearray(encode_image(kind="BMP"))
    bomb[18:26] = (60_000).to_bytes(4, "little") * 2
    with pytest.raises(ImageError, match="60000 x 60000 pixels are more than the 178956970"):
        prepare(bytes(bomb), PackOptions(), None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shortest_side": 8, "longest_side": 8}, "only one of them"),
        ({"shortest_side": 0}, "--shortest-side 0: must be from 1 to 65500"),
        ({"longest_side": 70_000}, "--longest-side 70000"),
        ({"quality": 96}, "--quality 96: must be from 1 to 95"),
        ({"shard_bytes": 1000}, "--shard-bytes 1000"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(InputError, match=message):
        PackOptions(**options)

"""The one reading of orientation: the right value of every case, in every kind of file."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.images.orientation import orientation_of
from tests.drawn import num_cases
from tests.images import exif_files as files
from tests.images.exif_files import CONTAINERS, entry, tiff
from tests.jpeg_variants import segment, segments, with_header
from tests.photographs import encode, save

VALUES = [
    *((entry(value), value) for value in range(1, 9)),
    *((entry(value, files.LONG), value) for value in range(1, 9)),
    (entry(0), 1),
    (entry(9), 1),
    (entry(0xFFFF), 1),
    (entry(0x10006, files.LONG), 1),
    (entry(6, files.BYTE), 1),
    (entry(6, files.ASCII), 1),
    (entry(6, files.RATIONAL), 1),
    (entry(6, files.SIGNED_SHORT), 1),
    (entry(6, files.SIGNED_LONG), 1),
    (entry(6, 77), 1),
    (entry(6, count=0), 1),
    (entry(6, count=2), 1),
    (entry(6, files.LONG, count=2), 1),
]


def in_big_endian(little):
    """The same entry in the other byte order."""
    tag, kind, count = struct.unpack("<HHI", little[:8])
    code = {1: "B3x", 2: "B3x", 3: "H2x", 8: "h2x", 9: "i"}.get(kind, "I")
    value = struct.unpack("<" + code, little[8:])
    return struct.pack(">HHI", tag, kind, count) + struct.pack(">" + code, *value)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("container", CONTAINERS)
def test_every_value_in_every_kind_of_file(container, order):
    for made, expected in VALUES:
        exif = tiff(made if order == "<" else in_big_endian(made), order=order)
        assert orientation_of(CONTAINERS[container](exif)) == expected, made


@pytest.mark.parametrize("order", "<>")
def test_every_value_in_a_tiff(order):
    for made, expected in VALUES:
        each = made if order == "<" else in_big_endian(made)
        assert orientation_of(files.tiff_image(each, order)) == expected, made


def big_tiff(value, order, at=16, count=1, says=1):
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(order + "HHHQ", 43, 8, 0, at) + struct.pack(order + "Q", says)
    return head + struct.pack(order + "HHQ", 0x0112, 3, count) + struct.pack(order + "H6x", value)


SIX = entry(6)
OTHER = entry(200, tag=0x0100)

DIRECTORIES = {
    "no entry": (tiff(), 1),
    "another tag": (tiff(OTHER), 1),
    "behind another": (tiff(OTHER, SIX), 6),
    "out of order": (tiff(SIX, OTHER), 6),
    "twice: the first": (tiff(SIX, entry(3)), 6),
    "twice, the first of another type": (tiff(entry(3, files.BYTE), SIX), 1),
    "says more entries than it holds": (tiff(SIX, says=5, end=b""), 6),
    "says 65535 entries": (tiff(OTHER, SIX, says=65535, end=b""), 6),
    "cut within its entry": (tiff(SIX, end=b"")[:-1], 1),
    "says fewer entries than it holds": (tiff(OTHER, SIX, says=1), 1),
    "says none": (tiff(SIX, says=0), 1),
    "directory behind the end": (tiff(SIX, at=1000), 1),
    "directory at the end": (tiff(SIX, at=len(tiff(SIX))), 1),
    "directory at 2^32 - 1": (tiff(SIX, at=2**32 - 1), 1),
    "directory in the header": (tiff(SIX, at=0), 1),
    "no TIFF": (b"XX" + tiff(SIX)[2:], 1),
    "mixed byte orders": (b"IM" + tiff(SIX)[2:], 1),
    "another version": (b"II\x2b\1" + tiff(SIX)[4:], 1),
    "42 in the other order": (b"II\0*" + tiff(SIX)[4:], 6),
    "BigTIFF": (big_tiff(6, "<"), 6),
    "BigTIFF, big-endian": (big_tiff(8, ">"), 8),
    "BigTIFF, two values": (big_tiff(6, "<", count=2), 1),
    "BigTIFF, directory outside": (big_tiff(6, "<", at=2**64 - 1), 1),
    "BigTIFF, 2^64 - 1 entries": (big_tiff(6, "<", says=2**64 - 1), 6),
    "header alone": (b"II*\0\x08\0\0\0", 1),
    "cut in its header": (b"II*\0\x08", 1),
    "empty": (b"", 1),
}


@pytest.mark.parametrize("name", DIRECTORIES)
def test_directories(name):
    exif, expected = DIRECTORIES[name]
    assert orientation_of(files.jpeg(exif)) == expected
    assert orientation_of(files.png(files.chunk(b"eXIf", exif))) == expected
    assert orientation_of(files.webp(exif)) == expected
    if exif[:2] in (b"II", b"MM"):  # else it is no TIFF
        assert orientation_of(exif) == expected


def test_a_directory_anywhere():
    gap = bytes(50)
    moved = b"II*\0" + struct.pack("<I", 58) + gap + b"\1\0" + SIX
    assert orientation_of(files.jpeg(moved)) == 6


EXIF6, EXIF3, XMP = tiff(SIX), tiff(entry(3)), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")


def test_of_two_segments_the_first_counts():
    assert orientation_of(files.jpeg(EXIF6, EXIF3)) == 6
    assert orientation_of(files.jpeg(b"", EXIF3)) == 1, "whatever is in it"
    assert orientation_of(with_header(files.jpeg(EXIF6), XMP)) == 6, "XMP is another thing"
    assert orientation_of(with_header(files.jpeg(EXIF6), segment(0xE1, b"Exif\0\1" + EXIF3))) == 6


def test_a_segment_behind_the_frame_header_counts_and_one_behind_a_scan_does_not():
    whole = encode(files.PIXELS, progressive=True)
    exif = segment(0xE1, b"Exif\0\0" + EXIF6)
    at = len(whole) - len(segments(whole)[1])
    assert orientation_of(whole[:at] + exif + whole[at:]) == 6
    second = whole.index(b"\xff\xda", at + 2)
    second = whole.rindex(b"\xff\xc4", at, second)
    assert orientation_of(whole[:second] + exif + whole[second:]) == 1


def test_of_the_chunks_of_a_png_exif_counts_before_text_and_the_first_before_others():
    six, three = files.chunk(b"eXIf", EXIF6), files.chunk(b"eXIf", EXIF3)
    text_six, text_three = files.compressed_text(EXIF6), files.text(EXIF3)
    assert orientation_of(files.png(six, three)) == 6
    assert orientation_of(files.png(text_three, six)) == 6
    assert orientation_of(files.png(files.chunk(b"eXIf", b""), text_three)) == 1
    assert orientation_of(files.png(text_six, text_three)) == 6
    no_exif = files.text(b"http://ns.adobe.com/xap/1.0/\0", b"APP1")
    assert orientation_of(files.png(no_exif, text_three)) == 3
    assert orientation_of(files.png(files.chunk(b"IEND", b""), six)) == 1


@pytest.mark.parametrize(
    "made",
    [
        files.chunk(b"tEXt", b"Raw profile type exif\0"),
        files.chunk(b"tEXt", b"Raw profile type exif"),
        files.chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 4\nzz\n"),
        files.chunk(b"tEXt", "Raw profile type exif\0\nexif\n 4\n\u0664\u0664\n".encode()),
        files.chunk(b"zTXt", b"Raw profile type exif\0\0no deflate"),
        files.chunk(b"iTXt", b"Raw profile type exif\0\1"),
        files.text(EXIF6, keyword=b"Comment %s"),
    ],
    ids=repr,
)
def test_texts_that_hold_no_exif(made):
    assert orientation_of(files.png(made)) == 1


def test_a_profile_in_text_that_was_cut_off():
    cut = b"Raw profile type exif\0" + files.profile(EXIF6)[:-4]
    assert orientation_of(files.png(files.chunk(b"tEXt", cut))) == 6


def test_of_a_long_text_the_beginning_is_read():
    assert orientation_of(files.png(files.compressed_text(EXIF6 + bytes(1 << 20)))) == 6


def test_of_two_chunks_of_a_webp_the_first_counts():
    assert orientation_of(files.webp(EXIF6, EXIF3)) == 6


@pytest.mark.parametrize("kind", ["BMP", "GIF", "PPM"])
def test_other_formats_are_upright(kind):
    assert orientation_of(save(files.PIXELS, kind)) == 1


@settings(max_examples=num_cases(200))
@given(data=st.binary(max_size=60), start=st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
def test_whatever_the_bytes_are_it_is_one_of_eight_and_the_same_everywhere(data, start):
    exif = start + data
    expected = orientation_of(exif)
    assert expected in range(1, 9)
    for content in (files.jpeg(exif), files.png(files.chunk(b"eXIf", exif)), files.webp(exif)):
        assert orientation_of(content) == expected
        assert orientation_of(memoryview(bytearray(content))) == expected


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_file_cut_anywhere_has_one(container):
    content = CONTAINERS[container](EXIF6)
    for end in range(0, len(content), 7):
        assert orientation_of(content[:end]) in (1, 6)
    assert np.all([orientation_of(content[:end]) == 1 for end in range(12)])

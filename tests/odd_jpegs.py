"""JPEGs that are odd and whole, and those that no decoder can show rightly."""

import struct

from PIL import Image

from tests.jpeg_variants import four_components, segment, segments, with_header
from tests.photographs import cut, encode, save, with_scans

PIXELS = cut(96, 128)
END = b"\xff\xd9"
PLAIN = encode(PIXELS)
GREY = encode(PIXELS, "L")
PROGRESSIVE = encode(PIXELS, progressive=True)
RESTARTS = encode(PIXELS, restart_marker_rows=1)
INK = four_components(PIXELS)

# Sixteen pixels square, of three components, by `jpegtran -arithmetic`; Pillow writes none.
ARITHMETIC = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb0043001b12141714111b1716171e1c1b2028422b2825"
    "2528513a3d3042605565645f555d5b6a7899816a7190735b5d85b586909ea3abadab6780bcc9baa6c799a8ab"
    "a4ffdb0043011c1e1e2823284e2b2b4ea46e5d6ea4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4"
    "a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4ffc900110800100010030111000211010311"
    "01ffcc000a0010100501101105ffda000c03010002110311003f00d1d7a6b88f74ffd9"
)


def before(encoded, marker, stray):
    """Bytes put in before each marker of a kind."""
    return encoded.replace(bytes([0xFF, marker]), stray + bytes([0xFF, marker]))


def between_segments(encoded, stray):
    """Bytes put in before each segment of the header but the first."""
    kept, rest = segments(encoded)
    parts = [part for _, part in kept]
    return b"\xff\xd8" + parts[0] + b"".join(stray + part for part in parts[1:]) + stray + rest


def turned(encoded):
    exif = b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)
    return with_header(encoded, segment(0xE1, exif))


def with_thumbnail(encoded):
    """EXIF with a small JPEG in it, which has an end of its own."""
    return with_header(encoded, segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0" + encode(cut(8, 8))))


def with_frame(encoded, at, new):
    """Other bytes in its frame header."""
    start = encoded.index(b"\xff\xc0") + at
    return encoded[:start] + new + encoded[start + len(new) :]


def multi_picture():
    frames = [Image.fromarray(cut(96, 128, top=top)) for top in (20, 60)]
    return save(frames[0], "MPO", save_all=True, append_images=frames[1:], quality=88)


WHOLE = {
    "plain": (PLAIN, PLAIN),
    "zeros between segments": (between_segments(PLAIN, b"\0\0\0"), PLAIN),
    "bytes between segments": (between_segments(PLAIN, b"\1\2"), PLAIN),
    "escaped bytes between segments": (between_segments(PLAIN, b"\xff\0\xff\0"), PLAIN),
    "fill bytes between segments": (between_segments(PLAIN, b"\xff\xff\xff"), PLAIN),
    "bytes between segments, grey": (between_segments(GREY, b"stray"), GREY),
    "bytes between segments, ink": (between_segments(INK, b"stray"), INK),
    "bytes between segments, turned": (between_segments(turned(PLAIN), b"\1"), turned(PLAIN)),
    "bytes between scans": (before(PROGRESSIVE, 0xC4, b"\1\2"), PROGRESSIVE),
    "fill bytes between scans": (before(PROGRESSIVE, 0xDA, b"\xff"), PROGRESSIVE),
    "bytes before the end": (PLAIN[:-2] + b"\0\0padding" + END, PLAIN),
    "fill bytes before the end": (PLAIN[:-2] + b"\xff\xff" + END, PLAIN),
    "zeros behind": (PLAIN + bytes(5000), PLAIN),
    "text behind": (PLAIN + b"a trailer of a camera", PLAIN),
    "another behind": (PLAIN + encode(cut(16, 16)), PLAIN),
    "several pictures": (multi_picture(), PLAIN),
    "a thumbnail": (with_thumbnail(PLAIN), PLAIN),
    "restart markers": (RESTARTS, PLAIN),
    "no end": (PLAIN[:-2], PLAIN),
    "half an end": (PLAIN[:-1], PLAIN),
    "no end, grey": (GREY[:-2], GREY),
    "no end, progressive": (PROGRESSIVE[:-2], PROGRESSIVE),
    "no end, restart markers": (RESTARTS[:-2], PLAIN),
    "no end, ink": (INK[:-2], INK),
    "no end, turned": (turned(PLAIN)[:-2], turned(PLAIN)),
    "no end, a thumbnail": (with_thumbnail(PLAIN)[:-2], PLAIN),
    "no end, bytes between segments": (between_segments(PLAIN, b"\1\2")[:-2], PLAIN),
    "lines told again": (PLAIN[:-2] + segment(0xDC, struct.pack(">H", 96)) + END, PLAIN),
    "arithmetic coding": (ARITHMETIC, ARITHMETIC),
}
"""Name -> (a JPEG, one that says the same plainly)."""

REFUSED = {
    "cut in its header": PLAIN[:100],
    "cut at its scan": PLAIN[: len(PLAIN) - len(segments(PLAIN)[1])],
    "cut in half": PLAIN[: len(PLAIN) // 2],
    "cut by four bytes": PLAIN[:-6],
    "cut, a thumbnail": with_thumbnail(PLAIN)[: len(with_thumbnail(PLAIN)) - 400],
    "cut, restart markers": RESTARTS[: RESTARTS.rindex(b"\xff\xd1")],
    "cut, ink": INK[:-200],
    "cut, progressive": PROGRESSIVE[:-50],
    "cut between scans": with_scans(PROGRESSIVE, 6)[:-2],
    "the last scan is missing, and the end": with_scans(PROGRESSIVE, 9)[:-2],
    "its lower half is zeros": PLAIN[: len(PLAIN) // 2] + bytes(len(PLAIN) // 2),
    "it is zeros from the middle on": PLAIN[: len(PLAIN) // 2] + bytes(len(PLAIN) * 40),
    "no end, and zeros behind": PLAIN[:-2] + bytes(5000),
    "no end, and a text behind": PLAIN[:-2] + b"a trailer of a camera",
    "a marker that stands for nothing": between_segments(PLAIN, b"\xff\1"),
    "bytes behind its first marker": PLAIN[:2] + b"\1" + PLAIN[2:],
    "an end in its header": PLAIN[:2] + END + PLAIN[2:],
    "no frame header": PLAIN.replace(b"\xff\xc0", b"\xff\xef"),
    "its height comes behind it": with_frame(PLAIN, 5, b"\0\0")[:-2]
    + segment(0xDC, struct.pack(">H", 96))
    + END,
    "12 bits": with_frame(PLAIN, 4, b"\x0c"),
    "two components": with_frame(PLAIN, 9, b"\2"),
    "hierarchical": PLAIN.replace(b"\xff\xc0", b"\xff\xc5"),
}
"""Name -> what is refused by all, packing without --decode included."""

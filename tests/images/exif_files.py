"""EXIF with one entry, and image files of every kind that keep it."""

import struct
import zlib

import numpy as np

from tests.jpeg_variants import segment, with_header
from tests.photographs import cut, encode, save

PIXELS = cut(24, 40)
ORIENTATION = 0x0112
BYTE, ASCII, SHORT, LONG, RATIONAL, SIGNED_SHORT, SIGNED_LONG = 1, 2, 3, 4, 5, 8, 9
PREFIX = b"Exif\0\0"


def value_bytes(kind, value, order="<"):
    """The four bytes of an entry that hold a value."""
    code = {BYTE: "B", ASCII: "B", SHORT: "H", SIGNED_SHORT: "h", SIGNED_LONG: "i"}.get(kind, "I")
    return struct.pack(order + code, value).ljust(4, b"\0")


def entry(value, kind=SHORT, count=1, order="<", tag=ORIENTATION):
    return struct.pack(order + "HHI", tag, kind, count) + value_bytes(kind, value, order)


def tiff(*entries, order="<", says=None, at=8, end=bytes(4)):
    """A TIFF of one directory, which says how many entries it has."""
    count = len(entries) if says is None else says
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(order + "HI", 42, at) + struct.pack(order + "H", count)
    return head + b"".join(entries) + end


def jpeg(*exifs):
    return with_header(encode(PIXELS), *(segment(0xE1, PREFIX + exif) for exif in exifs))


def chunk(name, data):
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(*chunks, behind=False):
    """A PNG with chunks before or behind its pixels."""
    whole = save(PIXELS, "PNG")
    at = len(whole) - 12 if behind else 33
    return whole[:at] + b"".join(chunks) + whole[at:]


def profile(exif, name=b"exif"):
    """As ImageMagick writes EXIF into text."""
    digits = exif.hex()
    lines = [digits[i : i + 72] for i in range(0, len(digits), 72)]
    return b"\n%s\n%8d\n%s\n" % (name, len(exif), "\n".join(lines).encode())


def text(exif, name=b"exif", keyword=b"Raw profile type %s"):
    return chunk(b"tEXt", keyword % name + b"\0" + profile(exif, name))


def compressed_text(exif, name=b"exif"):
    data = zlib.compress(profile(exif, name))
    return chunk(b"zTXt", b"Raw profile type " + name + b"\0\0" + data)


def international_text(exif, compressed, name=b"exif"):
    data = zlib.compress(profile(exif, name)) if compressed else profile(exif, name)
    keyword = b"Raw profile type " + name
    return chunk(b"iTXt", keyword + b"\0" + bytes([compressed, 0]) + b"en\0word\0" + data)


def webp(*exifs):
    """A WebP with EXIF chunks behind its pixels."""
    whole = save(PIXELS, "WEBP", lossless=True, exif=b"II*\0")
    body = whole[12 : whole.index(b"EXIF")]
    for exif in exifs:
        body += b"EXIF" + struct.pack("<I", len(exif)) + exif + bytes(len(exif) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def tiff_image(orientation_entry, order="<"):
    """The pixels as a TIFF, with an entry of the orientation or none."""
    height, width, _ = PIXELS.shape
    entries = [
        entry(width, tag=256, order=order),
        entry(height, tag=257, order=order),
        struct.pack(order + "HHII", 258, SHORT, 3, 0),  # where the depths are is put in below
        entry(1, tag=259, order=order),
        entry(2, tag=262, order=order),
        struct.pack(order + "HHII", 273, LONG, 1, 0),
        *([orientation_entry] if orientation_entry else []),
        entry(3, tag=277, order=order),
        entry(height, tag=278, order=order),
        entry(PIXELS.size, LONG, tag=279, order=order),
    ]
    end = 14 + 12 * len(entries)
    entries[2] = struct.pack(order + "HHII", 258, SHORT, 3, end)
    entries[5] = struct.pack(order + "HHII", 273, LONG, 1, end + 6)
    return tiff(*entries, order=order) + struct.pack(order + "3H", 8, 8, 8) + PIXELS.tobytes()


CONTAINERS = {
    "JPEG": jpeg,
    "PNG": lambda exif: png(chunk(b"eXIf", exif)),
    "PNG, prefix": lambda exif: png(chunk(b"eXIf", PREFIX + exif)),
    "PNG, behind": lambda exif: png(chunk(b"eXIf", exif), behind=True),
    "PNG, tEXt": lambda exif: png(text(exif)),
    "PNG, tEXt of APP1": lambda exif: png(text(PREFIX + exif, b"APP1")),
    "PNG, zTXt": lambda exif: png(compressed_text(PREFIX + exif)),
    "PNG, zTXt behind": lambda exif: png(compressed_text(exif), behind=True),
    "PNG, iTXt": lambda exif: png(international_text(exif, False)),
    "PNG, compressed iTXt": lambda exif: png(international_text(PREFIX + exif, True)),
    "WebP": webp,
    "WebP, prefix": lambda exif: webp(PREFIX + exif),
}
"""Kind -> a file with that EXIF."""


def turned(pixels, orientation):
    """As EXIF 2.32 says it: where row 0 and column 0 of the stored pixels are shown."""
    if orientation > 4:
        pixels = pixels.swapaxes(0, 1)
    rows, columns = orientation in (3, 4, 7, 6), orientation in (2, 3, 7, 8)
    if orientation in (6, 8):
        rows, columns = columns, rows
    return np.ascontiguousarray(pixels[:: -1 if rows else 1, :: -1 if columns else 1])

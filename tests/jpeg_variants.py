"""JPEGs whose markers say other things of their colours, made of those that Pillow writes."""

import numpy as np
from PIL import Image

from tests.photographs import save

SOF = (b"\xff\xc0", b"\xff\xc2")


def segment(marker, body):
    """A marker segment with its length."""
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body


def adobe(transform):
    """The segment that says by which transform the colours were stored."""
    return segment(0xEE, b"Adobe" + (100).to_bytes(2) + bytes(4) + bytes([transform]))


def segments(encoded):
    """Each segment of the header as (marker, bytes), and the rest from the first scan on."""
    at, found = 2, []
    while encoded[at + 1] != 0xDA:
        length = 2 + int.from_bytes(encoded[at + 2 : at + 4])
        found.append((encoded[at + 1], encoded[at : at + length]))
        at += length
    return found, encoded[at:]


def with_header(encoded, *added, without=()):
    """Segments put in at the beginning, and those of some markers taken out."""
    kept, rest = segments(encoded)
    header = b"".join(part for marker, part in kept if marker not in without)
    return b"\xff\xd8" + b"".join(added) + header + rest


def with_ids(encoded, ids):
    """Other component numbers, in the frame and in each scan."""
    out = bytearray(encoded)
    frame = next(encoded.index(marker) for marker in SOF if marker in encoded)
    old = [out[frame + 10 + 3 * i] for i in range(len(ids))]
    new = dict(zip(old, ids, strict=True))
    for i in range(len(ids)):
        out[frame + 10 + 3 * i] = ids[i]
    at = encoded.find(b"\xff\xda")
    while at >= 0:
        for i in range(out[at + 4]):
            out[at + 5 + 2 * i] = new[out[at + 5 + 2 * i]]
        at = encoded.find(b"\xff\xda", at + 2)
    return bytes(out)


def with_colours(encoded, *, jfif=False, transform=None, ids=None):
    """The same coefficients with these markers of their colours and no others."""
    jfif_parts = [segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")] if jfif else []
    adobe_parts = [] if transform is None else [adobe(transform)]
    bare = with_header(encoded, *jfif_parts, *adobe_parts, without=(0xE0, 0xEE))
    return bare if ids is None else with_ids(bare, ids)


def four_components(pixels, **options):
    """Cyan, magenta, yellow and black, of pixels [height, width, 3]."""
    black = np.full(pixels.shape[:2], 40, np.uint8)
    ink = Image.fromarray(np.dstack([255 - pixels, black]), "CMYK")
    return save(ink, "JPEG", **{"quality": 88} | options)

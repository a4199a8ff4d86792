"""Broken JPEGs, by the thousand: each is decoded or reported; none may crash, hang or surprise."""

import faulthandler
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.baseline import to_baseline, with_restarts
from bsgrow.images.jpeg.header import is_cut_short
from bsgrow.images.orientation import orientation_of
from bsgrow.images.reading import shown_size
from bsgrow.native.decoding import decode_batch, decode_batch_async, is_built
from tests.fuzz.mutate import mutate
from tests.fuzz.running import base_seed
from tests.jpeg_variants import four_components, with_colours
from tests.photographs import cut, encode, jpeg_kinds, save, with_scans

MAX_PIXELS = 4_000_000  # so that a size that was edited costs no more than a moment
LIMIT_S = 20  # an input that takes longer hangs


def corpus() -> list[bytes]:
    pixels = cut(60, 90)
    return [
        *jpeg_kinds().values(),
        with_scans(encode(pixels, progressive=True), 4),
        with_restarts(encode(pixels)),
        encode(pixels)[:-2],
        encode(pixels, progressive=True)[:-2],
        encode(pixels, mode="CMYK"),
        with_colours(four_components(pixels, progressive=True)),
        encode(pixels, mode="CMYK", progressive=True, restart_marker_rows=1),
        encode(
            pixels, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
        ),
        save(pixels, "PNG"),
        save(pixels, "GIF"),
    ]


def size_or_guess(encoded: bytes, random: Random) -> tuple[int, int]:
    try:
        return shown_size(encoded, max_pixels=MAX_PIXELS)
    except ImageError:
        return random.randint(1, 400), random.randint(1, 400)


def draw_window(random: Random, height: int, width: int) -> list[int]:
    """The whole image or a part of it; at times what an index with a wrong size would give."""
    if random.random() < 0.5:
        return [0, 0, height, width, random.randint(0, 1)]
    top, left = random.randrange(height), random.randrange(width)
    rows, columns = random.randint(1, height - top), random.randint(1, width - left)
    return [top, left, rows + (random.random() < 0.05), columns, random.randint(0, 1)]


def check_decoding(encoded: bytes, random: Random) -> bool:
    """Whether the image was decoded; what was decoded lies in the range of normalised levels."""
    window = draw_window(random, *size_or_guess(encoded, random))
    out = np.full((2, 3, 24, 24), np.nan, np.float32)
    decoder = random.choice((decode_batch, decode_batch_async))
    arguments = {
        "windows": np.array([window, window], np.int32),
        "size": 24,
        "mean": [0.0] * 3,
        "std": [1.0] * 3,
        "num_threads": 2,
        "resize": random.choice((None, 24, 31)),
        "max_pixels": MAX_PIXELS,
        "scaled": random.random() < 0.5,
    }
    result = decoder([encoded, encoded], out_images=out, **arguments)
    first, second = result if isinstance(result, list) else result.statuses
    assert first == second, f"decoded twice, two outcomes: {first!r} and {second!r}"
    if first is not None:
        assert first, "a reason without a word"
    else:
        assert ((out >= 0) & (out <= 1)).all(), "an image that was not written to its end"
        assert (out[0] == out[1]).all(), "decoded twice, two images"
    check_beside_libjpeg(encoded, first, out, arguments)
    return first is None


def check_beside_libjpeg(encoded: bytes, reason: str | None, out: Any, arguments: Any) -> None:
    """What libjpeg-turbo decodes by itself is the same; it also reads what no pixel needs."""
    by_libjpeg = np.empty_like(out)
    expected, _ = decode_batch(
        [encoded, encoded], out_images=by_libjpeg, by_libjpeg=True, **arguments
    )
    if expected is None:
        assert reason is None, f"libjpeg-turbo decodes it: {reason}"
        # At a part of the size what no image has saturates otherwise.
        same = arguments["scaled"] or (out == by_libjpeg).all()
        assert same, "libjpeg-turbo decodes other pixels"
    elif reason is not None:
        assert reason == expected, f"two reasons: {reason!r} and {expected!r}"


def check_transcoding(encoded: bytes, transcode: Callable[..., bytes]) -> None:
    try:
        baseline = transcode(encoded, max_pixels=MAX_PIXELS)
    except ImageError:
        return
    assert baseline, "no bytes"
    assert orientation_of(baseline) == orientation_of(encoded), "turned otherwise"
    assert not is_cut_short(baseline), "without an end"


def run(seed: int, seconds: float, keep: Path) -> tuple[int, int]:
    """Tries inputs drawn from seed; keep holds the one under way. Returns (tried, decoded)."""
    random, seeds = Random(seed), corpus()
    stop = time.monotonic() + seconds
    tried = decoded = 0
    while time.monotonic() < stop:
        encoded = mutate(random, seeds)
        keep.write_bytes(encoded)
        faulthandler.dump_traceback_later(LIMIT_S, exit=True)
        decoded += check_decoding(encoded, random)
        check_transcoding(encoded, random.choice((to_baseline, with_restarts)))
        tried += 1
    faulthandler.cancel_dump_traceback_later()
    return tried, decoded


def main(seconds: float) -> None:
    """Ends with an error on any finding; the input that it was is kept."""
    if not is_built():
        sys.exit("fuzz_jpeg: bsgrow was built without libjpeg-turbo; Pillow is not to be fuzzed")
    seed = base_seed()
    keep = Path(tempfile.gettempdir()) / f"fuzz-jpeg-{seed}"
    print(f"fuzz_jpeg: FUZZ_SEED={seed}, the input under way is kept in {keep}", flush=True)
    tried, decoded = run(seed, seconds, keep)
    print(f"fuzz_jpeg: {tried} inputs, {decoded} decoded, {tried - decoded} reported, no findings")
    assert tried > decoded > 0
    keep.unlink()

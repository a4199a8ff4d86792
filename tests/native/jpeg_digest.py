"""What the native decoder makes of photographs and of noise, as one number."""

import zlib

import numpy as np

from tests.native.jpeg_outcome import outcome
from tests.photographs import cut, encode

STEPS = [[1, 255] * 32, [17] * 64]


def digest() -> str:
    """Of windows of each sampling; the noise, coarsely quantised, leaves the range of a pixel."""
    noise = np.random.default_rng(0).integers(0, 2, (75, 93, 3), dtype=np.uint8) * 255
    crc = 0
    for subsampling in range(3):
        for pixels, options in ((cut(75, 93), {}), (noise, {"qtables": STEPS})):
            encoded = encode(pixels, subsampling=subsampling, **options)
            for window in ((0, 0, 75, 93), (13, 21, 40, 35)):
                found = outcome(encoded, window, by_libjpeg=False)
                assert found.result == "decoded", found.reason
                crc = zlib.crc32(found.pixels.tobytes(), crc)
    return f"{crc:08x}"

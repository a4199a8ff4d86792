"""What becomes of a JPEG: by the native decoder, or by libjpeg-turbo alone."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bsgrow import _native_jpeg


class Outcome(NamedTuple):
    """A result, a reason, and the pixels of the window: uint8 [height, width, 3]."""

    result: str
    reason: str
    pixels: npt.NDArray[np.uint8]


def outcome(encoded: bytes, window: tuple[int, int, int, int], *, by_libjpeg: bool) -> Outcome:
    """Decode a window (top, left, height, width): resizing to the same size is no change."""
    out = np.zeros((1, 3, window[2], window[3]), np.float32)
    (status,) = _native_jpeg.decode_batch(
        encoded=[encoded],
        windows=np.array([[*window, 0]], np.int32),
        resize=0,
        scale=np.ones(3, np.float32),
        bias=np.zeros(3, np.float32),
        out_images=out,
        max_pixels=10**8,
        scaled=False,
        by_libjpeg=by_libjpeg,
        num_threads=1,
    )
    return Outcome(*status, out[0].transpose(1, 2, 0).astype(np.uint8))


def require_the_same(encoded: bytes, window: tuple[int, int, int, int]) -> str:
    """What libjpeg-turbo decodes is decoded to its pixels; what is reported is so in its words.

    What no pixel of the window needs may be damaged: that is libjpeg-turbo's alone to see.
    """
    expected = outcome(encoded, window, by_libjpeg=True)
    found = outcome(encoded, window, by_libjpeg=False)
    if expected.result == "decoded":
        assert found.result == "decoded", found.reason
        np.testing.assert_array_equal(found.pixels, expected.pixels)
    elif found.result != "decoded":
        assert found[:2] == expected[:2]
    return expected.result

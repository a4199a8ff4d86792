"""What the tests of decoders share: settings at a small size, photographs and windows in them."""

import numpy as np
import torch

from bsgrow.loading.decoders import DecodeSettings
from tests.loading.encoded_stream import CPU, SIZE
from tests.photographs import cut, encode

PHOTOS = [memoryview(encode(cut(90 + i, 120, top=3 * i))) for i in range(8)]


def without_codes(photo):
    """A JPEG whose tables tell of no code: any decoder that begins with it gives up."""
    at = photo.tobytes().index(b"\xff\xc4") + 5
    return memoryview(photo[:at].tobytes() + bytes(16) + photo[at + 16 :].tobytes())


def settings(**options):
    values = {
        "size": SIZE,
        "resize": None,
        "mean": (0.5, 0.4, 0.3),
        "std": (0.2, 0.25, 0.3),
        "decode": "exact",
        "device": CPU,
        "dtype": torch.float32,
        "memory_format": torch.contiguous_format,
        "max_samples": 8,
        "num_threads": 2,
    }
    return DecodeSettings(**(values | options))


def windows(num):
    return np.array([[i, 2 * i, 60 + i, 70, i % 2] for i in range(num)], np.int32)

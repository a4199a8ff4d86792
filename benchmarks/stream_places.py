"""Digests of places in the stream of samples, as the checkout has them whose interpreter runs this.

Reads ``{"num_samples": N, "runs": [[start, stop], …]}`` from stdin, and prints a digest of each:
the epochs and samples at these positions, the windows and flips of encoded images, and the pixels
of images in memory, which a window, a flip and a cutout make of them.
"""

import hashlib
import json
import sys
from importlib import import_module, util
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bsgrow.native import Augment, load_batch
from bsgrow.native.resized_crop import ResizedCrop, crop_windows

SEED = 7
SIDE, CHANNELS = 8, 3
AUGMENT = Augment(pad=2, flip=True, cutout=3)


def epochs_and_samples(num_samples: int, start: int, stop: int) -> list[NDArray[np.int64]]:
    """Return both at each position, by what this checkout says of it."""
    if util.find_spec("bsgrow.stream"):
        stream = import_module("bsgrow.stream").SampleStream(num_samples, SEED)
        return [np.asarray(each, np.int64) for each in stream[start:stop]]
    order = import_module("bsgrow.native").order(num_samples, SEED, start, stop)
    return [np.arange(start, stop, dtype=np.int64) // num_samples, order]


def windows(samples: NDArray[np.int64], epochs: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return top, left, height, width and flip of encoded images, whose sizes differ."""
    sizes = np.stack([40 + samples * 31 % 400, 40 + samples * 57 % 300], axis=1)
    return crop_windows(sizes, samples, epochs, SEED, ResizedCrop(32), flip=True)


def in_memory(num_samples: int) -> dict[str, NDArray[Any]]:
    """Return random images, each with its number as its label."""
    shape = (num_samples, CHANNELS, SIDE, SIDE)
    images = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    return {"images": images, "labels": np.arange(num_samples)}


def delivered(data: dict[str, NDArray[Any]], start: int, stop: int) -> list[NDArray[Any]]:
    """Return the pixels and labels that the kernel makes of positions."""
    out = np.empty((stop - start, CHANNELS, SIDE, SIDE), np.float32), np.empty(stop - start, int)
    normal = {"mean": (0.5,) * CHANNELS, "std": (0.25,) * CHANNELS, "num_threads": 2}
    at = {"start": start, "stop": stop, "seed": SEED, "out_images": out[0], "out_labels": out[1]}
    load_batch(**data, **at, **normal, augment=AUGMENT)
    return list(out)


def digests(num_samples: int, runs: list[tuple[int, int]]) -> dict[str, str]:
    """Return a digest of each kind of place, over all runs in order."""
    names = ("epochs", "samples", "windows and flips", "pixels", "labels")
    found = {name: hashlib.sha256() for name in names}
    data = in_memory(num_samples)
    for start, stop in runs:
        epochs, samples = epochs_and_samples(num_samples, start, stop)
        arrays = (epochs, samples, windows(samples, epochs), *delivered(data, start, stop))
        for digest, array in zip(found.values(), arrays, strict=True):
            digest.update(np.ascontiguousarray(array).tobytes())
    return {name: digest.hexdigest() for name, digest in found.items()}


if __name__ == "__main__":
    json.dump(digests(**json.load(sys.stdin)), sys.stdout)

"""Small photographs in the layout of an image folder, cut at random from scikit-learn's two."""

from pathlib import Path

import numpy as np

from tests.photographs import cut, encode, photograph

CLASSES = ("china", "flower")
_TRAIN_COLUMNS = 440  # of 640: left of it to train, right of it to evaluate; no pixel is in both


def write_photographs(
    root: Path, num_train: int, num_test: int, *, sides: tuple[int, int] = (60, 160), seed: int = 0
) -> Path:
    """Write ``train`` and ``val`` with so many JPEGs in each of two classes; returns root."""
    generator = np.random.default_rng(seed)
    parts = (("train", num_train, 0, _TRAIN_COLUMNS), ("val", num_test, _TRAIN_COLUMNS, 640))
    for index, name in enumerate(CLASSES):
        for split, num, first, end in parts:
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(num):
                height, width = generator.integers(*sides, size=2, endpoint=True)
                top = generator.integers(photograph(index).shape[0] - height, endpoint=True)
                left = generator.integers(first, end - width, endpoint=True)
                patch = cut(height, width, index, top, left)
                (folder / f"{i:04d}.jpg").write_bytes(encode(patch))
    return root

"""Digits with noise in the labels that are trained on: a data set that is not saturated."""

from typing import Any

import numpy as np

from bsgrow.data.arrays.digits import load_digits

Split = tuple[Any, Any]


def load(noise: float = 0.3) -> tuple[Split, Split]:
    """Return the images and labels to train on, and those to test, as ``data.name = "digits"`` has.

    Args:
        noise: share of the training labels that are drawn anew, evenly over all ten classes; the
            same ones in every run.
    """
    train, test = load_digits(None, download=False)
    rng = np.random.default_rng(0)
    labels = np.array(train.labels)
    drawn = rng.random(len(labels)) < noise
    labels[drawn] = rng.integers(0, 10, int(drawn.sum()))
    return (train.images, labels), (test.images, test.labels)

"""Small works, and streams of their deliveries."""

from contextlib import closing
from itertools import islice

import numpy as np
import pytest
import torch

from bsgrow.bench.photographs import cut_photographs
from bsgrow.bench.work import ArrayWork, BufferWork, JpegWork
from bsgrow.native import Augment

NUM_IMAGES = 96


@pytest.fixture(scope="session")
def pixels():
    """Images whose first channel rises from left to right, so that a flip shows."""
    images = np.random.default_rng(0).integers(0, 256, (NUM_IMAGES, 3, 32, 32), np.uint8)
    images[:, 0] = 8 * np.arange(32)
    return images


@pytest.fixture
def array_work(pixels, tmp_path):
    def make(kind=ArrayWork, images=pixels, augment=None, **fields):
        values = images / 255
        given = {
            "images": images,
            "labels": np.arange(len(images)) % 10,
            "augment": augment or Augment(pad=4, flip=True),
            "mean": tuple(values.mean((0, 2, 3))),
            "std": tuple(values.std((0, 2, 3))),
            "global_batch_size": 32,
            "num_threads": 1,
            "scratch": tmp_path,
        }
        return kind(**(given | fields))

    return make


@pytest.fixture
def buffer_work(array_work):
    return lambda **fields: array_work(BufferWork, **fields)


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    return cut_photographs(tmp_path_factory.mktemp("photographs"), 12)


@pytest.fixture
def jpeg_work(photographs, tmp_path):
    def make(**fields):
        given = {
            "mean": (0.485, 0.456, 0.406),
            "std": (0.229, 0.224, 0.225),
            "global_batch_size": 4,
            "num_threads": 1,
            "scratch": tmp_path,
        }
        return JpegWork(**(photographs._asdict() | given | fields))

    return make


@pytest.fixture
def take():
    """The first deliveries of a source, their images copied as float32."""

    def take_some(source, num):
        with closing(source.stream()) as batches:
            return [
                torch.empty(0) if batch.images is None else batch.images.float().clone()
                for batch in islice(batches, num)
            ]

    return take_some

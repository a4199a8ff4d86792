"""What the tests of the encoded loader share: a loader at a small size, and its stream."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.data import load_encoded
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading import LoaderSettings, encoded_loader, micro_batches_of
from bsgrow.loading.encoded_loader import EncodedLoader
from bsgrow.loading.lookahead import Begun
from bsgrow.loading.sample_reader import Reading, SampleReader
from bsgrow.native import Augment
from bsgrow.schedule import Update

CPU = torch.device("cpu")
SIZE = 32
HAS_DALI = find_spec("nvidia") is not None and find_spec("nvidia.dali") is not None
SANITIZED = "BSGROW_SANITIZED" in os.environ  # .ci/sanitized: DALI does not find its libraries then
needs_dali = pytest.mark.skipif(
    SANITIZED or not HAS_DALI, reason="DALI is not installed, or a sanitizer is there"
)
DECODERS = ["native", pytest.param("dali", marks=needs_dali)]


def make_loader(path: Path, decoder: str = "native", **options: object) -> EncodedLoader:
    values = {
        "crop": ResizedCrop(SIZE),
        "centre_crop": CentreCrop(SIZE, SIZE + 5),
        "augment": Augment(flip=True),
        "seed": 3,
        "micro_batch_size": 16,
        "device": CPU,
        "num_threads": 2,
    }
    dataset = load_encoded(options.pop("name", "folder"), path)
    return EncodedLoader(dataset, LoaderSettings(decoder=decoder, **(values | options)))


def updates(*sizes: int, start: int = 0) -> Iterator[Update]:
    for index, size in enumerate(sizes):
        yield Update(index, start, start + size, 0.1, 0.9)
        start += size


def stream(loader: EncodedLoader, *sizes: int, start: int = 0) -> tuple[Tensor, Tensor]:
    """Return the images and labels of updates of these sizes."""
    batches = list(micro_batches_of(loader, updates(*sizes, start=start)))
    return torch.cat([b.images for b in batches]), torch.cat([b.labels for b in batches])


def note_reads(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Return a list of the samples of each chunk whose reading is begun."""
    begun: list[list[int]] = []

    class Noting(SampleReader):
        def begin(self, indices: NDArray[np.int64]) -> Begun[Reading]:
            begun.append(indices.tolist())
            return super().begin(indices)

    monkeypatch.setattr(encoded_loader, "SampleReader", Noting)
    return begun


def levels(images: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Return pixels 0 to 255 again, as float32 [n, 3, height, width]."""
    scale, bias = (torch.tensor(values).view(3, 1, 1) for values in (std, mean))
    return 255 * (images.float() * scale + bias)

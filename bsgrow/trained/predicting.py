"""A model of a run asked about image files, by the loader that evaluates photographs."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bsgrow.data import EncodedDataset
from bsgrow.data.folder.sample_files import read_sample_file
from bsgrow.errors import InputError
from bsgrow.images.crops import CentreCrop
from bsgrow.loading import EncodedLoader, LoaderSettings
from bsgrow.recipe import ImagesConfig
from bsgrow.text.printable import printable
from bsgrow.trained.opened import OpenedRun
from bsgrow.trained.samples import precision_for
from bsgrow.training.device import autocast, resolve_device, use_device
from bsgrow.training.run_record import RunRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EVERY = 50  # files, after which an image stands that can be read: to stand in for bad ones
_IMAGE = memoryview(b"P6 8 8 255\n" + bytes(192))
_GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Prediction:
    """What a model says of a file.

    Attributes:
        path: of the file.
        classes: the most likely first, each with its probability; empty where it cannot be read.
        reason: why it cannot be.
    """

    path: str
    classes: tuple[tuple[str, float], ...]
    reason: str = ""


class _Files:
    """Files as a split, with an image that can be read after every so many."""

    fingerprint = ""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = paths
        self.places: list[int | None] = []
        for index in range(len(paths)):
            self.places += [index, None] if index % _EVERY == _EVERY - 1 else [index]
        self.places.append(None)
        self.labels: NDArray[np.int64] = np.arange(len(self.places))  # so that stand-ins show

    def __len__(self) -> int:
        return len(self.places)

    def name(self, sample: int) -> bytes:
        return os.fsencode(self.locate(sample))

    def size(self, sample: int) -> None:
        return None

    def read(self, sample: int) -> memoryview:
        place = self.places[sample]
        return _IMAGE if place is None else read_sample_file(os.fsencode(self.paths[place]))

    def locate(self, sample: int) -> str:
        place = self.places[sample]
        return "" if place is None else printable(self.paths[place])


def predict(run: OpenedRun, paths: Sequence[str], most: int = 5) -> Iterator[Prediction]:
    """Yield what the model says of each file, in order; one that cannot be read says why.

    Args:
        run: whose model it is, of images with one label.
        paths: of image files.
        most: classes of each.

    Raises:
        InputError: the model takes no images.
    """
    _require_images(run)
    record, device = run.record, resolve_device(run.recipe.run.device)
    precision = precision_for(run.recipe, device)
    use_device(device, precision.float32_products)
    files = _Files(paths)
    loader = _loader(run, files, device, precision.memory_format)
    model, reasons, at = run.model.to(device), dict[str, str](), 0
    with torch.inference_mode():
        for images, taken in loader.evaluation():
            reasons |= {fault.where: fault.reason for fault in loader.take_faults()}
            with autocast(device, precision.autocast_dtype):
                logits = model(_in_grey(images, record) if _is_grey(record) else images)
            found = logits.float().softmax(dim=1).topk(min(most, record.num_classes))
            yield from _told(files, at, taken, found, record.names, reasons)
            at += len(taken)


def _require_images(run: OpenedRun) -> None:
    form = run.record.form
    if not form.is_labelled_image or form.shape[0] not in (1, 3) or form.shape[1] != form.shape[2]:
        raise InputError(
            f"{printable(run.directory.path)}: its model is given {form}, which no image file is",
            hint="`bsgrow evaluate` measures it; docs/after-training.md has how Python takes it",
        )


def _loader(
    run: OpenedRun, files: _Files, device: torch.device, memory_format: torch.memory_format
) -> EncodedLoader:
    """Return what decodes files as the run's test split is, normalised where it has colours."""
    size, record, images = run.record.form.shape[-1], run.record, run.recipe.images
    is_encoded = run.recipe.data.takes("images")
    shown = images if is_encoded and images else ImagesConfig()
    crop = shown.centre_crop if is_encoded else CentreCrop(size, size)
    mean, std = ((0.0,) * 3, (1.0,) * 3) if _is_grey(record) else (record.mean, record.std)
    settings = LoaderSettings(
        micro_batch_size=256,
        device=device,
        memory_format=memory_format,
        num_threads=torch.get_num_threads(),
        centre_crop=crop,
        crop=ImagesConfig(size=size).crop,
        decode=shown.decode,
        on_error="skip",
    )
    return EncodedLoader(EncodedDataset("files", files, files, ("",), mean, std), settings)


def _is_grey(record: RunRecord) -> bool:
    return record.form.shape[0] == 1


def _in_grey(images: Tensor, record: RunRecord) -> Tensor:
    """Return images of colours from 0 to 1, [n, 3, h, w], as a model of grey ones is given them."""
    weights = torch.tensor(_GREY, device=images.device).view(1, 3, 1, 1)
    grey = (images * weights).sum(dim=1, keepdim=True)
    return (grey - record.mean[0]) / record.std[0]


def _told(
    files: _Files,
    first: int,
    taken: Tensor,
    found: "torch.return_types.topk",
    names: tuple[str, ...],
    reasons: dict[str, str],
) -> Iterator[Prediction]:
    rows = zip(taken.tolist(), found[0].tolist(), found[1].tolist(), strict=True)
    for sample, (index, values, labels) in enumerate(rows, start=first):
        place = files.places[sample]
        if place is None:
            continue
        path = files.paths[place]
        if index != sample:
            yield Prediction(path, (), reasons.get(files.locate(sample), "cannot be read"))
        else:
            told = zip((names[label] for label in labels), values, strict=True)
            yield Prediction(path, tuple(told))

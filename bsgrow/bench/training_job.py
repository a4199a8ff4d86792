"""A recipe made ready to be measured, with synthetic samples where its own are not here."""

import math

import numpy as np
import torch

from bsgrow.data import DATASETS, ArrayDataset, ArraySplit, DatasetSpec
from bsgrow.errors import BsgrowError, InputError
from bsgrow.recipe import Recipe, make_planned, resolve
from bsgrow.training.group.process_group import ALONE, ProcessGroup
from bsgrow.training.job import Job, prepare

_SYNTHETIC = "synthetic"  # in place of a fingerprint
_MAX_BYTES = 1 << 28  # of synthetic images: more than any cache, little beside the network


def measurable_job(recipe: Recipe, group: ProcessGroup = ALONE) -> Job:
    """Prepare a recipe; downloads nothing.

    A data set that is not on this machine is replaced by random pixels of its shape; one whose
    path the recipe gives is not.

    Args:
        recipe: as written.
        group: the processes that train it.

    Raises:
        InputError: the recipe does not fit itself or this machine, or is for encoded images.
    """
    data = recipe.data
    if data.spec and (data.spec.usual_shape is None or (data.path and data.takes("images"))):
        known = [name for name, spec in DATASETS.items() if spec.usual_shape]
        raise InputError(
            f"data.name = {data.name!r}: training is measured on arrays",
            hint=f"one of {', '.join(known)}; `bsgrow bench loader` measures encoded images",
        )
    if on := recipe.augment.of_batches:
        raise InputError(
            f"augment.{' and augment.'.join(on)}: training is measured beside a plain loop, which "
            "has none",
            hint=f"measure without: {' '.join(f'--set augment.{key}=0' for key in on)}",
        )
    planned = make_planned(recipe)
    recipe = resolve(planned.recipe, torch.get_num_threads())
    return prepare(recipe, planned.plan, _dataset(recipe), group)


def is_synthetic(job: Job) -> bool:
    """Whether a job has random pixels in place of its data set."""
    return job.dataset.fingerprint == _SYNTHETIC


def describe(job: Job) -> str:
    """Return what is trained, in words: the case of its rows."""
    recipe, dtype = job.recipe, job.precision.autocast_dtype or torch.float32
    arguments = "".join(f" {key} {value}" for key, value in recipe.model.arguments.items())
    data = f"{recipe.data.name}{' (synthetic pixels)' * is_synthetic(job)}"
    return (
        f"train {data}: {recipe.model.name}{arguments}, {recipe.optimizer.name}, "
        f"{str(dtype).removeprefix('torch.')} on {job.device.type}, "
        f"micro-batches of {recipe.micro_batch_size}"
    )


def _dataset(recipe: Recipe) -> ArrayDataset | None:
    """Return the data set where it can be had without the network; None to say why it cannot."""
    spec = recipe.data.spec
    if recipe.data.path is not None or spec is None:
        return None
    try:
        return spec.fetch(download=False)
    except BsgrowError:
        return synthetic_dataset(spec)


def synthetic_dataset(spec: DatasetSpec) -> ArrayDataset:
    """Return random pixels in the shape of a data set of known figures, as many as fit 256 MiB."""
    shape, num_classes = spec.usual_shape, spec.num_classes
    assert shape is not None
    assert num_classes is not None
    num_samples = min(spec.num_samples or 0, _MAX_BYTES // math.prod(shape))
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (num_samples, *shape), np.uint8)
    split = ArraySplit(images, random.integers(0, num_classes, num_samples, np.int64))
    return ArrayDataset(spec.name, split, split, num_classes, spec.mean, spec.std, _SYNTHETIC)

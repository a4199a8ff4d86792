"""A recipe made ready to be measured, with synthetic samples where its own are not here."""

import numpy as np
import torch

from bsgrow.data import DATASETS, ENCODED, ArraySplit, Dataset, is_encoded, load_dataset
from bsgrow.errors import BsgrowError, InputError
from bsgrow.recipe import Recipe, make_planned, resolve
from bsgrow.training.job import Job, prepare

_SYNTHETIC = "synthetic"  # in place of a fingerprint
_MAX_BYTES = 1 << 28  # of synthetic images: more than any cache, little beside the network


def measurable_job(recipe: Recipe) -> Job:
    """Prepare a recipe; downloads nothing.

    A data set that is not on this machine is replaced by random pixels of its shape; one whose
    path the recipe gives is not.

    Raises:
        InputError: the recipe does not fit itself or this machine, or is for encoded images.
    """
    if is_encoded(recipe.data.name) and (recipe.data.name in ENCODED or recipe.data.path):
        raise InputError(
            f"data.name = {recipe.data.name!r}: training is measured on arrays",
            hint=f"one of {', '.join(DATASETS)}; `bsgrow bench loader` measures encoded images",
        )
    planned = make_planned(recipe)
    recipe = resolve(planned.recipe, torch.get_num_threads())
    return prepare(recipe, planned.plan, _dataset(recipe))


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


def _dataset(recipe: Recipe) -> Dataset | None:
    """Return the data set where it can be had without the network; None to say why it cannot."""
    if recipe.data.path is not None or recipe.data.name not in DATASETS:
        return None
    try:
        return load_dataset(recipe.data.name, download=False)
    except BsgrowError:
        return synthetic_dataset(recipe.data.name)


def synthetic_dataset(name: str) -> Dataset:
    """Return random pixels in the shape of a named data set, as many as fit 256 MiB."""
    spec = DATASETS[name]
    num_samples = min(spec.num_samples, _MAX_BYTES // int(np.prod(spec.image_shape)))
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (num_samples, *spec.image_shape), np.uint8)
    split = ArraySplit(images, random.integers(0, spec.num_classes, num_samples, np.int64))
    return Dataset(name, split, split, spec.num_classes, spec.mean, spec.std, _SYNTHETIC)

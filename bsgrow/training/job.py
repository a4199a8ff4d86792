"""What a run is made of, fixed from its start to its end."""

from dataclasses import dataclass
from pathlib import Path

import torch

from bsgrow.data import Dataset, load_dataset
from bsgrow.errors import InputError
from bsgrow.loading import Loader, choose_array_loader
from bsgrow.native import Augment
from bsgrow.recipe import Recipe, recipe_fingerprint
from bsgrow.schedule import Plan
from bsgrow.training.checkpoint import Identity
from bsgrow.training.device import Precision, precision_of, resolve_device


@dataclass(frozen=True)
class Job:
    """A recipe brought together with its plan, data and device.

    Attributes:
        recipe: as resolved.
        plan: its compiled schedule.
        dataset: its samples.
        loader: cuts them into micro-batches.
        device: where it computes.
        precision: in which numbers.
    """

    recipe: Recipe
    plan: Plan
    dataset: Dataset
    loader: Loader
    device: torch.device
    precision: Precision

    @property
    def identity(self) -> Identity:
        """What a checkpoint of this run must carry."""
        return Identity(
            seed=self.recipe.run.seed,
            recipe_fingerprint=recipe_fingerprint(self.recipe),
            data_fingerprint=self.dataset.fingerprint,
        )


def prepare(recipe: Recipe, plan: Plan, dataset: Dataset | None = None) -> Job:
    """Load the data and choose the device and the number of threads that a recipe asks for.

    Args:
        recipe: as resolved.
        plan: its compiled schedule.
        dataset: its samples; the recipe's data set is loaded where absent.

    Raises:
        InputError: the data or the device is not there.
        BsgrowError: the data is damaged, or could not be downloaded.
    """
    if recipe.run.world_size > 1:
        raise InputError(
            f"run.world_size = {recipe.run.world_size}: `bsgrow train` runs in one process",
            hint="world_size is for `bsgrow plan`; leave it at 1 to train",
        )
    path = recipe.data.path
    dataset = dataset or load_dataset(recipe.data.name, Path(path) if path else None)
    _check_augment(recipe.augment, dataset)
    device = resolve_device(recipe.run.device)
    if device.type == "cuda":
        torch.cuda.set_device(device)  # so that pinned memory is made for it, not for the first
    if recipe.run.num_threads:
        torch.set_num_threads(recipe.run.num_threads)
    precision = precision_of(device)
    loader = choose_array_loader(
        dataset,
        recipe.augment,
        seed=recipe.run.seed,
        micro_batch_size=recipe.micro_batch_size,
        device=device,
        dtype=precision.autocast_dtype or torch.float32,
        memory_format=precision.memory_format,
        num_threads=torch.get_num_threads(),
    )
    return Job(recipe, plan, dataset, loader, device, precision)


def _check_augment(augment: Augment, dataset: Dataset) -> None:
    height, width = dataset.image_shape[1:]
    side = min(height, width)
    size = f"the images of {dataset.name} are {height}×{width} pixels"
    if augment.pad >= side:
        raise InputError(
            f"augment.pad = {augment.pad}: {size}",
            hint=f"at most {side - 1} pixels can be added on each side",
        )
    if augment.cutout > side:
        raise InputError(
            f"augment.cutout = {augment.cutout}: {size}",
            hint=f"the square that is blanked can be at most {side} pixels wide",
        )

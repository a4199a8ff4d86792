"""What a run is made of, fixed from its start to its end."""

from dataclasses import dataclass

import torch

from bsgrow.data import Dataset
from bsgrow.errors import InputError
from bsgrow.loading import Loader
from bsgrow.models import check_images_fit
from bsgrow.recipe import Recipe, recipe_fingerprint
from bsgrow.recipe.data_config import shown_shape
from bsgrow.schedule import Plan
from bsgrow.training.checkpoint import Identity
from bsgrow.training.device import Precision, precision_of, resolve_device, use_device
from bsgrow.training.loaders import load_data, loader_of


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
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of what the network sees."""
        return shown_shape(self.dataset, self.recipe.images)

    @property
    def compiles(self) -> bool:
        """Whether the step is compiled."""
        wanted = self.recipe.run.compile
        return self.device.type == "cuda" if wanted == "auto" else wanted

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
        InputError: the data or the device is not there, or the images are too small for the model.
        BsgrowError: the data is damaged, or could not be downloaded.
    """
    if recipe.run.world_size > 1:
        raise InputError(
            f"run.world_size = {recipe.run.world_size}: `bsgrow train` runs in one process",
            hint="world_size is for `bsgrow plan`; leave it at 1 to train",
        )
    dataset = dataset or load_data(recipe.data)
    check_images_fit(recipe.model.name, *shown_shape(dataset, recipe.images)[1:])
    device = resolve_device(recipe.run.device)
    use_device(device)
    if recipe.run.num_threads:
        torch.set_num_threads(recipe.run.num_threads)
    precision = precision_of(device)
    loader = loader_of(recipe, dataset, device, precision)
    return Job(recipe, plan, dataset, loader, device, precision)

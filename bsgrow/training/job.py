"""What a run is made of, from its start to its end."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from bsgrow.data import Dataset
from bsgrow.data.sample_form import SampleForm
from bsgrow.loading import Loader
from bsgrow.models import check_form_fits
from bsgrow.recipe import Recipe, recipe_fingerprint
from bsgrow.schedule import Plan
from bsgrow.stream import Share
from bsgrow.training.checkpoint.checkpoint import Identity
from bsgrow.training.device import Precision, precision_of, resolve_device, use_device
from bsgrow.training.group.process_group import ALONE, ProcessGroup
from bsgrow.training.loaders import form_of, load_data, loader_of
from bsgrow.training.micro_batch_size import Trial


@dataclass
class Job:
    """A recipe brought together with its plan, data and device.

    Attributes:
        recipe: as resolved.
        plan: its compiled schedule.
        dataset: its samples.
        loader: cuts them into micro-batches.
        device: where it computes.
        precision: in which numbers.
        micro_batch_size: samples per forward and backward pass; less than the recipe's once memory
            has run out.
        group: the processes that share it.
        trials: by which the size of the micro-batch was found; none where the recipe says it.
    """

    recipe: Recipe
    plan: Plan
    dataset: Dataset
    loader: Loader
    device: torch.device
    precision: Precision
    micro_batch_size: int
    group: ProcessGroup = ALONE
    trials: Sequence[Trial] = ()

    @property
    def share(self) -> Share:
        """What this process takes of each update."""
        return share_of(self.recipe, self.group)

    def cut_into(self, micro_batch_size: int) -> None:
        """Go on with micro-batches of another size, whole ghost batches."""
        self.loader = self.loader.with_micro_batch_size(micro_batch_size)
        self.micro_batch_size = micro_batch_size

    def take_micro_batch_size(self, size: int, trials: Sequence[Trial]) -> None:
        """Let the recipe have the size of micro-batch that trials have found.

        How many samples each process has at least, in the plan, stays what it was.
        """
        least = self.recipe.min_samples_per_device
        found = {"micro_batch_size": size, "min_samples_per_device": least}
        run = self.recipe.run.model_copy(update=found)
        self.recipe = self.recipe.model_copy(update={"run": run})
        self.trials = tuple(trials)
        self.cut_into(size)

    @property
    def form(self) -> SampleForm:
        """What the model is given of a sample, and what it is to tell of it."""
        return form_of(self.dataset, self.recipe.images)

    def tokens_of(self, num_samples: int) -> int | None:
        """Return how many tokens so many samples have; None where the recipe does not say."""
        tokens = self.recipe.schedule.tokens_per_sample
        return None if tokens is None else tokens * num_samples

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


def prepare(
    recipe: Recipe, plan: Plan, dataset: Dataset | None = None, group: ProcessGroup = ALONE
) -> Job:
    """Load the data and choose the device and the number of threads that a recipe asks for.

    Args:
        recipe: as resolved.
        plan: its compiled schedule.
        dataset: its samples; the recipe's data set is loaded where absent.
        group: the processes that share it.

    Raises:
        InputError: the data or the device is not there, or the model takes no such samples.
        BsgrowError: the data is damaged, or could not be downloaded.
    """
    dataset = dataset or load_data(recipe.data)
    check_form_fits(recipe.model.name, form_of(dataset, recipe.images))
    device = resolve_device(recipe.run.device, local_rank=group.local_rank)
    precision = precision_of(device, recipe.run.precision)
    use_device(device, precision.float32_products)
    if recipe.run.num_threads:
        torch.set_num_threads(recipe.run.num_threads)
    loader = loader_of(recipe, dataset, device, precision, share_of(recipe, group))
    return Job(recipe, plan, dataset, loader, device, precision, recipe.micro_batch_size, group)


def share_of(recipe: Recipe, group: ProcessGroup) -> Share:
    """Return what a process takes of each update of a recipe."""
    return Share(group.rank, group.world_size, recipe.ghost_batch_size)

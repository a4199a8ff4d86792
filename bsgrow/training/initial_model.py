"""The model of a recipe before its first update."""

import torch
from torch import nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from bsgrow.data.sample_form import SampleForm
from bsgrow.models import build_model
from bsgrow.models.freezing import freeze
from bsgrow.recipe import Recipe
from bsgrow.training.job import Job
from bsgrow.training.pretrained import begin_with


def seeded_model(
    recipe: Recipe, form: SampleForm, num_classes: int, *, gradient_checkpointing: bool = False
) -> nn.Module:
    """Build the model of a recipe on the CPU, with the weights that its seed gives.

    Args:
        recipe: as resolved.
        form: of samples; a model of the user is tried with some.
        num_classes: of the data.
        gradient_checkpointing: whether its blocks are computed again in the backward pass.

    Raises:
        InputError: as ``build_model``.
        UserCodeError: as ``build_model``.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.run.seed)
        return build_model(
            recipe.model.name,
            recipe.model.arguments,
            in_channels=form.shape[0],
            num_classes=num_classes,
            ghost_batch_size=recipe.ghost_batch_size,
            form=form,
            gradient_checkpointing=gradient_checkpointing,
        )


def initial_model(job: Job, *, goes_on: bool) -> nn.Module:
    """Return the model of a job on its device, before the first update.

    Args:
        job: of the run.
        goes_on: whether a checkpoint is taken next, so that ``model.weights`` is not read.

    Raises:
        InputError: as ``seeded_model``; or the weights cannot be read, or do not fit, or
            ``model.freeze`` does not.
        UserCodeError: as ``seeded_model``.
    """
    config, num_classes = job.recipe.model, job.dataset.num_classes
    recomputes = config.gradient_checkpointing
    model = seeded_model(job.recipe, job.form, num_classes, gradient_checkpointing=recomputes)
    if not goes_on:
        begin_with(model, config, num_classes, says=job.group.rank == 0)
    freeze(model, config.freeze)
    convert_conv2d_weight_memory_format(model, job.precision.memory_format)
    return model.to(job.device)

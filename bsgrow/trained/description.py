"""What stands beside exported weights: the architecture, the classes, and what images become."""

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import nn

import bsgrow
from bsgrow.models import MODELS, build_model
from bsgrow.models.conversion import restore_batch_norm
from bsgrow.recipe import ImagesConfig
from bsgrow.trained.opened import OpenedRun
from bsgrow.training.run_record import RunRecord, record_as_dict, record_from_dict

FORMAT_VERSION: Final = 1
"""Of the description that is written."""


def describe(run: OpenedRun) -> dict[str, Any]:
    """Return what says how to use the weights of a run, as JSON holds it.

    Inputs are images [N, C, H, W] of ``shape``, of pixels ÷ 255 less ``mean``, divided by ``std``;
    ``resize`` is what the shorter side of a photograph becomes before its middle is cut out.
    """
    recipe, images = run.recipe, run.recipe.images
    names_as = MODELS[recipe.model.name].names_as if recipe.model.name in MODELS else None
    crop = (images or ImagesConfig()).centre_crop if recipe.data.takes("images") else None
    return {
        "format_version": FORMAT_VERSION,
        "bsgrow": bsgrow.__version__,
        "model": {"name": recipe.model.name, "arguments": recipe.model.arguments},
        "names_as": names_as,
        **record_as_dict(run.record),
        "class_names": list(run.record.names),
        "image_size": run.record.form.shape[-1] if run.record.form.is_image else None,
        "resize": crop and crop.resize,
        "num_updates": run.num_updates,
        "weights": run.weights,
        "test_loss": run.tested and run.tested.loss,
        "test_accuracy": run.tested and run.tested.accuracy,
    }


def model_of(description: Mapping[str, Any]) -> tuple[nn.Module, RunRecord]:
    """Build the model that a description is of, in evaluation mode, without its weights.

    Raises:
        KeyError, TypeError, ValueError: it is no such description.
        InputError: there is no such model.
        UserCodeError: code of the user raised an error.
    """
    if description["format_version"] != FORMAT_VERSION:
        raise ValueError(f"its format_version is not {FORMAT_VERSION}")
    record = record_from_dict(description)
    with torch.random.fork_rng(devices=[]):
        model = build_model(
            str(description["model"]["name"]),
            dict(description["model"]["arguments"]),
            in_channels=record.form.shape[0],
            num_classes=record.num_classes,
            ghost_batch_size=1,
            form=None,
        )
    return restore_batch_norm(model).eval(), record

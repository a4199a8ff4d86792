"""The test split of a run, as its model is given it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bsgrow.data import Dataset
from bsgrow.data.user_path import expand_user
from bsgrow.errors import BsgrowError, InputError
from bsgrow.loading import Loader
from bsgrow.recipe import Recipe
from bsgrow.text.printable import printable
from bsgrow.trained.opened import OpenedRun
from bsgrow.training.device import Precision, precision_of
from bsgrow.training.loaders import form_of, load_data, loader_of
from bsgrow.training.run_record import RunRecord

_CPU = torch.device("cpu")


def precision_for(recipe: Recipe, device: torch.device) -> Precision:
    """Return what a run evaluates in; in float32 one of CUDA's TensorFloat-32 on the CPU."""
    name = recipe.run.precision
    return precision_of(device, "float32" if name == "tf32" and device == _CPU else name)


def data_for(run: OpenedRun, recipe: Recipe) -> Dataset:
    """Return the data that a recipe names, whose samples are what the model of a run is given.

    Raises:
        InputError: they are not there, or are others.
        BsgrowError: they cannot be read.
    """
    try:
        dataset = load_data(recipe.data)
    except BsgrowError as error:
        path = recipe.data.path
        if path is not None and not expand_user(Path(path)).exists():
            error.hint = "name where the data are now, or others of the same kind, with --data PATH"
        raise
    form: Any = form_of(dataset, recipe.images)
    if form != run.record.form:
        raise InputError(
            f"data.name = {dataset.name!r}: a sample is {form}, and the model of "
            f"{printable(run.directory.path)} is given {run.record.form}",
            hint="name data of the same kind with --data or --set",
        )
    return dataset


def test_inputs(run: OpenedRun, num_samples: int) -> Tensor:
    """Return the first samples of the run's test split, on the CPU, [n, ...] of n or fewer.

    Raises:
        InputError, BsgrowError: as of ``data_for``.
    """
    dataset = data_for(run, run.recipe)
    inputs, _ = next(iter(evaluation_loader(run.recipe, dataset, run.record).evaluation()))
    return inputs[:num_samples].clone()


def evaluation_loader(
    recipe: Recipe,
    dataset: Dataset,
    record: RunRecord,
    device: torch.device = _CPU,
    precision: Precision | None = None,
) -> Loader:
    """Return the loader of a data set's test split, normalised as the run was.

    Args:
        recipe: says how images are cut and decoded.
        dataset: of the run, or another one.
        record: of the run.
        device: where samples are wanted.
        precision: in which they are; float32 where absent.
    """
    statistics: Any = {"mean": record.mean, "std": record.std}
    has_statistics = {"mean", "std"} <= getattr(dataset, "__dataclass_fields__", {}).keys()
    shown: Any = replace(dataset, **statistics) if has_statistics else dataset  # type: ignore[type-var]
    return loader_of(recipe, shown, device, precision or precision_of(device, "float32"))

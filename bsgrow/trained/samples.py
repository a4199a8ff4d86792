"""The test split of a run, as its model is given it."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from bsgrow.data import Dataset
from bsgrow.loading import Loader
from bsgrow.recipe import Recipe
from bsgrow.trained.opened import OpenedRun
from bsgrow.training.device import Precision, precision_of
from bsgrow.training.loaders import load_data, loader_of
from bsgrow.training.run_record import RunRecord

_CPU = torch.device("cpu")


def precision_for(recipe: Recipe, device: torch.device) -> Precision:
    """Return what a run evaluates in; in float32 one of CUDA's TensorFloat-32 on the CPU."""
    name = recipe.run.precision
    return precision_of(device, "float32" if name == "tf32" and device == _CPU else name)


def test_inputs(run: OpenedRun, num_samples: int) -> Tensor:
    """Return the first samples of the run's test split, on the CPU, [n, ...] of n or fewer.

    Raises:
        InputError, BsgrowError: the data are not there, or cannot be read.
    """
    dataset = load_data(run.recipe.data)
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

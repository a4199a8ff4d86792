"""A run whose model is taken up: its recipe, what its model is given, and the model itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from torch import nn

from bsgrow.errors import InputError
from bsgrow.models.conversion import restore_batch_norm
from bsgrow.recipe import Recipe, load_recipe
from bsgrow.text.command import argument
from bsgrow.text.printable import printable
from bsgrow.trained.choosing import find_checkpoint, others
from bsgrow.training.checkpoint.folder import num_updates_of
from bsgrow.training.checkpoint.keeping import tested_at, whole_checkpoints
from bsgrow.training.checkpoint.weights import Weights, read_weights
from bsgrow.training.divergence import DivergedRunError, require_finite_weights
from bsgrow.training.initial_model import seeded_model
from bsgrow.training.run_directory import RunDirectory
from bsgrow.training.run_record import RunRecord, read_record, require_known_format
from bsgrow.training.step import Metrics


@dataclass(frozen=True)
class OpenedRun:
    """A run and its model after some update.

    Attributes:
        directory: of the run.
        recipe: of the run.
        record: what the model is given of a sample, and what it tells.
        model: on the CPU, in evaluation mode; its ghost batch norms are what torch has.
        num_updates: after which the model is taken.
        tested: what the held-out samples gave then, if these weights were evaluated.
        weights: which of the run's the model has.
    """

    directory: RunDirectory
    recipe: Recipe
    record: RunRecord
    model: nn.Module
    num_updates: int
    tested: Metrics | None
    weights: Weights


def open_run(path: Path, which: str | int = "best", weights: Weights | None = None) -> OpenedRun:
    """Open a run and build its model with the weights of a checkpoint.

    Its data are needed only where the run's directory is of format 1, which does not say what the
    model is given, and bsgrow does not know them.

    Args:
        path: of the run's directory.
        which: ``best``, ``last``, or a number of updates.
        weights: averaged or trained; None for those that the run was evaluated with, which are
            averaged where it has them.

    Raises:
        InputError: there is no run, or no such checkpoint or weights, or it is damaged or has
            diverged.
        UserCodeError: code of the user raised an error.
        BsgrowError: something may not be read.
    """
    directory = RunDirectory(path)
    recipe = recipe_of(directory)
    weights = _weights_of(directory, recipe, weights)
    chosen = find_checkpoint(directory, which)
    record = read_record(directory, recipe)
    model = seeded_model(recipe, record.form, record.num_classes)
    hint = others(whole_checkpoints(directory.checkpoints), unfit=chosen)
    model.load_state_dict(read_weights(chosen, model, weights, hint))
    num_updates = num_updates_of(chosen)
    _require_finite(chosen, model, num_updates, hint)
    model = restore_batch_norm(model).eval()
    tested = tested_at(chosen) if weights == _evaluated(recipe) else None
    return OpenedRun(directory, recipe, record, model, num_updates, tested, weights)


def recipe_of(
    directory: RunDirectory,
    overrides: Iterable[str] = (),
    values: Mapping[str, object] = MappingProxyType({}),
) -> Recipe:
    """Return the recipe of a run, with some keys changed as ``load_recipe`` does.

    Raises:
        InputError: the folder holds no run, or one of a later format; or a key is not allowed.
        BsgrowError: it cannot be read.
    """
    if not directory.is_begun():
        missing = f"{directory.recipe.name} is not there"
        raise InputError(
            f"{printable(directory.path)} holds no run: {missing}",
            hint="name the folder of a run, which `bsgrow train` makes",
        )
    directory.require_own()
    require_known_format(directory)
    return load_recipe(argument(str(directory.recipe)), overrides, values)


def _evaluated(recipe: Recipe) -> Weights:
    """Return which weights a run is evaluated with."""
    return "trained" if recipe.optimizer.ema_decay is None else "averaged"


def _weights_of(directory: RunDirectory, recipe: Recipe, asked: Weights | None) -> Weights:
    if asked == "averaged" != _evaluated(recipe):
        raise InputError(
            f"{printable(directory.path)} has no averaged weights",
            hint="take the trained ones; training with optimizer.ema_decay = 0.999 averages them",
        )
    return asked or _evaluated(recipe)


def _require_finite(path: Path, model: nn.Module, num_updates: int, hint: str) -> None:
    try:
        require_finite_weights(model, num_updates)
    except DivergedRunError as error:
        raise InputError(f"{printable(path)}: {error.message}", hint) from error

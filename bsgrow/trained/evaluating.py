"""A model of a run over a test split: loss, accuracy, and which classes are taken for which."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.data import Dataset
from bsgrow.data.class_names import class_names_of
from bsgrow.errors import InputError
from bsgrow.recipe import Recipe
from bsgrow.text.printable import printable
from bsgrow.trained.opened import OpenedRun
from bsgrow.trained.samples import data_for, evaluation_loader, precision_for
from bsgrow.training.device import resolve_device, use_device
from bsgrow.training.step import Totals, summed_loss

_TRAINED = ("augment", "model", "optimizer", "loss", "schedule", "growth")

MOST_CLASSES = 4096
"""Of a confusion matrix; of more, as of tokens, none is made."""


@dataclass(frozen=True)
class Evaluation:
    """What a model gave on a test split.

    Attributes:
        loss: mean cross-entropy, in nats.
        accuracy: fraction right.
        top5_accuracy: fraction whose class is among the five most likely.
        num_samples: in the split.
        confusion: int64 [true, told]; None where there are too many classes.
    """

    loss: float
    accuracy: float
    top5_accuracy: float
    num_samples: int
    confusion: NDArray[np.int64] | None

    def of_class(self, label: int) -> tuple[int, float | None]:
        """Return how many samples a class has, and the fraction right; None of none."""
        assert self.confusion is not None
        row = self.confusion[label]
        count = int(row.sum())
        return count, float(row[label]) / count if count else None


def evaluate_run(run: OpenedRun, recipe: Recipe) -> Evaluation:
    """Evaluate the model of a run on the test split of the data that a recipe names.

    Args:
        run: whose model it is.
        recipe: of the run, or with other data of the same classes, which are told by their names.

    Raises:
        InputError: another key is changed than one that says which data, and how they are read;
            or the data have other classes, or other samples than the model is given.
        BsgrowError: they cannot be read.
    """
    _require_same_training(run, recipe)
    dataset = data_for(run, recipe)
    labels_of = torch.tensor(_labels(run, dataset))
    device = resolve_device(recipe.run.device)
    model, precision = run.model.to(device), precision_for(recipe, device)
    use_device(device, precision.float32_products)
    loader = evaluation_loader(recipe, dataset, run.record, device, precision)
    totals, num_top5, counts = Totals(device), 0.0, _Counts(run.record.num_classes)
    with torch.inference_mode():
        for inputs, theirs in loader.evaluation():
            labels = labels_of.to(device)[theirs]
            loss, logits = summed_loss(model, inputs, labels, precision.autocast_dtype)
            totals.add(loss, logits, labels)
            num_top5 += _num_top5(logits, labels)
            counts.add(labels, logits.argmax(dim=1))
    mean = totals.mean()
    num = totals.num_samples
    return Evaluation(mean.loss, mean.accuracy, num_top5 / num, num, counts.matrix)


def _num_top5(logits: Tensor, labels: Tensor) -> float:
    """Return how many samples have their class among the five likeliest, as a mean over targets."""
    most = logits.topk(min(5, logits.shape[1]), dim=1).indices
    hits = (most == labels.unsqueeze(1)).any(dim=1)
    return hits.sum().item() / labels.shape[1:].numel()


class _Counts:
    def __init__(self, num_classes: int) -> None:
        self._num = num_classes
        is_few = num_classes <= MOST_CLASSES
        self.matrix = np.zeros((num_classes, num_classes), np.int64) if is_few else None

    def add(self, labels: Tensor, told: Tensor) -> None:
        if self.matrix is not None:
            pairs = (labels.flatten() * self._num + told.flatten()).cpu().numpy()
            self.matrix += np.bincount(pairs, minlength=self._num**2).reshape(self.matrix.shape)


def _require_same_training(run: OpenedRun, recipe: Recipe) -> None:
    for table in _TRAINED:
        if getattr(recipe, table) != getattr(run.recipe, table):
            raise InputError(
                f"--set {table}: {printable(run.directory.path)} is trained, and its [{table}] "
                "stays as it is",
                hint="set keys of [data], [images] and [run] alone",
            )


def _labels(run: OpenedRun, dataset: Dataset) -> list[int]:
    """Return the label of the run for each class of a data set."""
    own = run.record.names
    theirs = class_names_of(dataset) or tuple(map(str, range(dataset.num_classes)))
    place = {name: label for label, name in enumerate(own)}
    if unknown := [name for name in theirs if name not in place]:
        shown = ", ".join(map(printable, unknown[:10]))
        raise InputError(
            f"data.name = {dataset.name!r}: has classes that {printable(run.directory.path)} was "
            f"not trained on: {shown}" + (f" and {len(unknown) - 10} more" * (len(unknown) > 10)),
            hint=f"the run knows {', '.join(map(printable, own[:10]))}"
            + (" and more" if len(own) > 10 else ""),
        )
    return [place[name] for name in theirs]

"""What the commands print that take up a run's model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bsgrow.cli.console import print_json, print_rows
from bsgrow.cli.format import Format
from bsgrow.cli.table import Column, FittedTable, figures
from bsgrow.cli.terminal import out
from bsgrow.errors import InputError
from bsgrow.models import MODELS
from bsgrow.reporting.matplotlib_defaults import import_matplotlib
from bsgrow.text.printable import printable
from bsgrow.trained.evaluating import MOST_CLASSES, Evaluation
from bsgrow.trained.exporting import Exported, beside
from bsgrow.trained.opened import OpenedRun

_Class = tuple[str, int, float | None]
"""The name of a class, how many samples it has, and the accuracy on them."""


def checkpoint_words(run: OpenedRun) -> str:
    """Return which checkpoint of which run is taken."""
    tested = f", test accuracy {run.tested.accuracy:.2%}" if run.tested else ""
    averaged = ", averaged weights" if run.weights == "averaged" else ""
    return f"after {run.num_updates} updates{averaged}{tested}"


def print_exported(run: OpenedRun, exported: Exported) -> None:
    """Print what was written, and how far it is from the model."""
    name = run.recipe.model.name
    names_as = MODELS[name].names_as if name in MODELS else None
    rows = {
        "model": f"{name}, {run.record.num_classes} classes",
        "checkpoint": checkpoint_words(run),
        "names": names_as or "the model's own",
    }
    if exported.difference is not None:
        rows["difference"] = (
            f"{exported.difference:.2g} at most, of logits up to {exported.largest:.3g}, on "
            f"{exported.num_compared} test samples"
        )
    print_rows(
        rows | {"file": printable(exported.path), "described in": printable(beside(exported.path))}
    )


def print_evaluation(run: OpenedRun, found: Evaluation, output: Format) -> None:
    """Print how well a model does."""
    counted = found.confusion is not None
    names = run.record.names
    classes = [(name, *found.of_class(i)) for i, name in enumerate(names)] if counted else []
    if output is Format.JSON:
        print_json(_as_dict(run, found, classes))
        return
    rows = {
        "checkpoint": checkpoint_words(run),
        "accuracy": f"{found.accuracy:.2%} of {found.num_samples} samples",
        "top-5": f"{found.top5_accuracy:.2%}",
        "loss": f"{found.loss:.4f}",
    }
    print_rows(rows)
    if counted:
        out.print(_class_table(found, classes, names))
    if without := sum(not count for _, count, _ in classes):
        out.print(f"{without} of {len(classes)} classes have no sample")


def _as_dict(run: OpenedRun, found: Evaluation, classes: Sequence[_Class]) -> dict[str, Any]:
    return {
        "num_updates": run.num_updates,
        "weights": run.weights,
        "num_samples": found.num_samples,
        "accuracy": found.accuracy,
        "top5_accuracy": found.top5_accuracy,
        "loss": found.loss,
        "classes": [{"name": n, "num_samples": k, "accuracy": a} for n, k, a in classes],
        "confusion": None if found.confusion is None else found.confusion.tolist(),
    }


def require_picture(run: OpenedRun, path: Path) -> None:
    """Raise InputError unless the confusion matrix of a run can be drawn into a file so named."""
    import_matplotlib()
    from bsgrow.reporting.picture import require_drawable

    require_drawable(1, path)
    if not path.parent.is_dir():
        raise InputError(
            f"--picture {printable(path)}: there is no folder {printable(path.parent)}",
            hint="name a file in a folder that is there",
        )
    if run.record.num_classes > MOST_CLASSES:
        raise InputError(
            f"--picture: {run.record.num_classes} classes, and {MOST_CLASSES} can be drawn",
            hint="leave --picture out",
        )


def draw_confusion(run: OpenedRun, found: Evaluation, path: Path) -> None:
    """Draw the confusion matrix; raises BsgrowError where the file cannot be written."""
    from bsgrow.reporting.confusion_plot import plot_confusion

    assert found.confusion is not None
    plot_confusion(found.confusion, run.record.names, path)


def _class_table(found: Evaluation, classes: Sequence[_Class], names: Sequence[str]) -> FittedTable:
    assert found.confusion is not None
    table = FittedTable([Column("class"), *figures("samples", "accuracy"), Column("taken for")])
    for label, (name, count, accuracy) in enumerate(classes):
        if accuracy is None:
            continue
        wrong = found.confusion[label].copy()
        wrong[label] = 0
        most = int(wrong.argmax())
        other = f"{printable(names[most])} ({wrong[most]})" if wrong[most] else "–"
        table.add_row(printable(name), str(count), f"{accuracy:.2%}", other)
    return table

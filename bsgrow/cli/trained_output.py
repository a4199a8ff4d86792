"""What the commands print that take up a run's model."""

from collections.abc import Mapping

from bsgrow.cli.terminal import out, plain_text
from bsgrow.models import MODELS
from bsgrow.text.printable import printable
from bsgrow.trained.exporting import Exported, beside
from bsgrow.trained.opened import OpenedRun


def checkpoint_words(run: OpenedRun) -> str:
    """Return which checkpoint of which run is taken."""
    tested = f", test accuracy {run.tested.accuracy:.2%}" if run.tested else ""
    return f"after {run.num_updates} updates{tested}"


def print_rows(rows: Mapping[str, str]) -> None:
    """Print names and what they are, a line each."""
    for key, value in rows.items():
        out.print(plain_text(f"{key:14}", "bold") + plain_text(value))


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

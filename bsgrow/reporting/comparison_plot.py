"""The paper's picture: the curves of all arms lie on each other per epoch, not per update."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from bsgrow.files.atomic import write_atomically
from bsgrow.reporting.comparison import Arm
from bsgrow.reporting.learning_curve import band
from bsgrow.reporting.style import COLOURS, DASHES, drawn, own_style

_LABELS = {
    "train_loss": "training loss",
    "test_accuracy": "test accuracy",
    "epochs": "epochs",
    "updates": "parameter updates",
}


def plot_comparison(arms: Sequence[Arm], title: str, path: Path) -> None:
    """Draw training loss and test accuracy against epochs and updates, a band per arm.

    Args:
        arms: one line each, with a band of one standard deviation over the seeds that did not
            diverge; the legend alone where all did.
        title: above the picture.
        path: ``.png``, ``.svg`` or ``.pdf``; replaced, and not followed where it is a link.

    Raises:
        BsgrowError: it cannot be written.
    """
    kind = path.suffix.removeprefix(".").lower()
    with own_style():
        figure = _figure(arms, title)
        write_atomically(path, lambda file: figure.savefig(file, dpi=150, format=kind))


def _figure(arms: Sequence[Arm], title: str) -> Figure:
    figure = Figure(figsize=(9, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2, sharex="col", sharey="row")
    for row, quantity in enumerate(("train_loss", "test_accuracy")):
        for column, position in enumerate(("epochs", "updates")):
            _draw(axes[row, column], arms, quantity, position)
    for column, position in enumerate(("epochs", "updates")):
        axes[1, column].set_xlabel(_LABELS[position])
    axes[0, 0].legend(frameon=False)
    figure.suptitle(drawn(title), fontsize=11)
    return figure


def _draw(axes: Axes, arms: Sequence[Arm], quantity: str, position: str) -> None:
    for arm, colour, dashes in zip(arms, COLOURS, DASHES, strict=False):
        if not arm.curves:
            axes.plot([], [], dashes, color=colour, label=_legend(arm))
            continue
        x = getattr(arm.curves[0], position)
        values = band(arm.curves, quantity)
        axes.plot(x, values.mean, dashes, color=colour, linewidth=1.4, label=_legend(arm))
        low, high = values.mean - values.std, values.mean + values.std
        axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.grid(alpha=0.3, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    if position == "epochs":
        axes.set_ylabel(_LABELS[quantity])
    if quantity == "train_loss":
        axes.set_yscale("log")
    else:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))


def _legend(arm: Arm) -> str:
    diverged = f", {len(arm.diverged)} diverged" if arm.diverged else ""
    return f"{arm.name}: {arm.num_updates} updates, n = {len(arm.runs)}{diverged}"

"""The picture of a confusion matrix: which classes are taken for which."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from bsgrow.reporting.picture import replace_figure
from bsgrow.reporting.style import drawn, own_style

_MOST_NAMED = 40  # classes, whose names have room
_MOST_COUNTED = 20  # classes, whose samples have room in the cells


def plot_confusion(counts: NDArray[np.int64], names: Sequence[str], path: Path) -> None:
    """Draw a confusion matrix as ``confusion_figure`` does, into a file.

    Args:
        counts: [true, told].
        names: of the classes.
        path: ``.png``, ``.svg`` or ``.pdf``; replaced, and not followed where it is a link.

    Raises:
        BsgrowError: it cannot be written.
    """
    with own_style():
        replace_figure(confusion_figure(counts, names), path)


def confusion_figure(counts: NDArray[np.int64], names: Sequence[str]) -> Figure:
    """Draw the share of each class's samples that is taken for each class, a row a true class.

    Up to 20 classes the cells have the counts, and up to 40 the axes have the names.
    """
    num = len(names)
    side = 3.5 + 0.32 * min(num, _MOST_NAMED)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    FigureCanvasAgg(figure)
    panel = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = panel.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    figure.colorbar(image, ax=panel, format=PercentFormatter(1), label="of the true class")
    panel.set(xlabel="taken for", ylabel="true class")
    if num <= _MOST_NAMED:
        labels = [drawn(name) for name in names]
        panel.set_xticks(range(num), labels, rotation=90)
        panel.set_yticks(range(num), labels)
    if num <= _MOST_COUNTED:
        _write_counts(panel, counts, shares)
    return figure


def _write_counts(panel: Axes, counts: NDArray[np.int64], shares: NDArray[np.floating]) -> None:
    for row, column in np.argwhere(counts):
        colour = "white" if shares[row, column] > 0.5 else "black"
        panel.text(column, row, str(counts[row, column]), color=colour, fontsize=7).set(
            horizontalalignment="center", verticalalignment="center"
        )

"""The paper's picture: the curves of all arms lie on each other per epoch, not per update."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from bsgrow.reporting.comparison import Arm
from bsgrow.reporting.learning_curve import Array, band
from bsgrow.reporting.picture import replace_figure
from bsgrow.reporting.position_axis import PositionAxis, position_axis
from bsgrow.reporting.style import LINES, Line, drawn, own_style

MOST_ARMS = len(LINES)
"""That a picture tells apart."""

_LABELS = {
    "train_loss": "training loss",
    "test_accuracy": "test accuracy",
    "test_loss": "test loss",
}
_FEW, _SHORT, _LONG = 4, 36, 60  # lines, and characters of a legend


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
    with own_style():
        replace_figure(comparison_figure(arms, title), path)


def comparison_figure(
    arms: Sequence[Arm],
    title: str,
    measure: str = "test_accuracy",
    styles: Sequence[Line] = LINES,
) -> Figure:
    """Draw training loss and a measure against epochs, or tokens, and updates, in four panels.

    Args:
        arms: no more than styles.
        title: above the picture; empty for none.
        measure: ``test_accuracy`` or ``test_loss``.
        styles: how each arm is drawn.
    """
    figure = Figure(figsize=(9, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2, sharex="col", sharey="row")
    passes = _axis_of_passes(arms)
    for row, quantity in enumerate(("train_loss", measure)):
        for column, axis in enumerate((passes, None)):
            _draw(axes[row, column], arms, quantity, axis, styles)
        axes[row, 0].set_ylabel(_LABELS[quantity])
    axes[1, 0].set_xlabel(passes.label)
    axes[1, 1].set_xlabel("parameter updates")
    _add_legend(figure, axes[0, 0])
    figure.suptitle(drawn(title), fontsize=11)
    return figure


def _draw(
    axes: Axes,
    arms: Sequence[Arm],
    quantity: str,
    axis: PositionAxis | None,
    styles: Sequence[Line],
) -> None:
    """Draw a quantity against an axis; against updates where there is none."""
    for arm, (colour, dashes) in zip(arms, styles, strict=False):
        (line,) = axes.plot([], [], color=colour, label=_legend(arm), linewidth=1.4)
        line.set_linestyle(dashes)
        if not arm.curves:
            continue
        x = _positions(arm, axis)
        values = band(arm.curves, quantity)
        line.set_data(x, values.mean)
        low, high = values.mean - values.std, values.mean + values.std
        axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.relim()
    axes.autoscale_view()
    axes.grid(alpha=0.3, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    if quantity == "test_accuracy":
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    elif any(arm.curves for arm in arms):
        axes.set_yscale("log")


def _axis_of_passes(arms: Sequence[Arm]) -> PositionAxis:
    """Return epochs, unless the plan of each arm counts tokens."""
    plans = [arm.plan for arm in arms if arm.plan is not None]
    return position_axis(plans if len(plans) == len(arms) else [])


def _positions(arm: Arm, axis: PositionAxis | None) -> Array:
    """Return where the evaluations of an arm lie on an axis."""
    curve, plan = arm.curves[0], arm.plan
    if axis is None:
        return curve.updates
    if plan is None:
        return curve.epochs
    return np.array([axis.position(plan, epoch * plan.num_samples) for epoch in curve.epochs])


def _add_legend(figure: Figure, panel: Axes) -> None:
    """Put the legend into a panel, or above all where it is too large for that."""
    handles, names = panel.get_legend_handles_labels()
    if len(names) <= _FEW and max(map(len, names), default=0) <= _SHORT:
        panel.legend(frameon=False)
        return
    columns = 1 if max(map(len, names)) > _LONG else 2
    figure.legend(handles, names, loc="outside upper left", ncols=columns, frameon=False)


def _legend(arm: Arm) -> str:
    diverged = f", {len(arm.diverged)} diverged" if arm.diverged else ""
    return f"{drawn(arm.name)}: {arm.num_updates} updates, n = {len(arm.runs)}{diverged}"

"""Runs in one picture: loss, accuracy, batch and learning rate over the samples consumed."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from bsgrow.errors import InputError
from bsgrow.reporting.picture import replace_figure, require_kind
from bsgrow.reporting.run_curves import curves_of
from bsgrow.reporting.run_standing import Standing
from bsgrow.reporting.style import LINES, Line, drawn, own_style

MOST_RUNS = len(LINES)
"""That a picture tells apart."""


def require_drawable_runs(num_runs: int, path: Path) -> None:
    """Raise InputError unless that many runs can be drawn into a file of that name."""
    require_kind(path)
    if num_runs > MOST_RUNS:
        raise InputError(
            f"{num_runs} runs: a picture tells up to {MOST_RUNS} apart",
            hint="name fewer at a time",
        )


def plot_runs(standings: Sequence[Standing], path: Path) -> None:
    """Draw runs, a line each.

    Args:
        standings: at most ``MOST_RUNS``.
        path: ``.png``, ``.svg`` or ``.pdf``; replaced, and not followed where it is a link.

    Raises:
        BsgrowError: it cannot be written.
    """
    with own_style():
        replace_figure(run_figure(standings), path)


def run_figure(standings: Sequence[Standing]) -> Figure:
    """Return the picture that ``plot_runs`` writes."""
    figure = Figure(figsize=(9, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2, sharex=True)
    for standing, line in zip(standings, LINES, strict=False):
        _draw(axes.flat, standing, line)
    for panel in axes.flat:
        panel.grid(alpha=0.3, linewidth=0.5)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in axes[1]:
        panel.set_xlabel("samples")
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=2, frameon=False)
    return figure


def _draw(panels: Sequence[Axes], standing: Standing, line: Line) -> None:
    label = drawn(f"{standing.path.name}: {standing.state}, {standing.seen.num_updates} updates")
    for panel, curve in zip(panels, curves_of(standing), strict=False):
        x, y = zip(*curve.points, strict=True) if curve.points else ((), ())
        (drawn_line,) = panel.plot(x, y, color=line.colour, label=label, linewidth=1.4)
        drawn_line.set_linestyle(line.dashes)
        panel.set_ylabel(curve.name)
        if curve.log and curve.points:
            panel.set_yscale("log")
        elif not curve.log:
            panel.yaxis.set_major_formatter(PercentFormatter(1.0))

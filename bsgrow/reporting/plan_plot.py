"""The picture of a plan: batch, learning rate and noise scale, the run as published behind it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bsgrow.reporting.log_axis import batch_axis, log_axis
from bsgrow.reporting.picture import require_drawable, save_figure
from bsgrow.reporting.plan_trace import Point, noise_at, outline, reference_plan
from bsgrow.reporting.position_axis import PositionAxis, position_axis
from bsgrow.reporting.style import GREYS, LINES, Line, drawn, own_style
from bsgrow.schedule import Plan

_LONG_LABEL = 50
_NEGLIGIBLE = 0.01  # the share of the run whose lowest values may leave the picture
_FAR_BELOW = 10


@dataclass(frozen=True)
class _Quantity:
    """One panel: its label, and the value at a point of a plan."""

    label: str
    value: Callable[[Point, Plan], float]


_BATCH = _Quantity("global batch size", lambda point, plan: point.global_batch_size)
_LR = _Quantity("learning rate ε", lambda point, plan: point.lr)
_NOISE = _Quantity("SGD noise scale\nε (N/B − 1) / (1 − m)", noise_at)
_SQRT_NOISE = _Quantity(
    "held by the sqrt rule\nε / (√B (1 − m))",
    lambda point, plan: point.lr / math.sqrt(point.global_batch_size) / (1 - point.momentum),
)


@dataclass(frozen=True, eq=False)
class _Line:
    """A plan as it is drawn in every panel."""

    plan: Plan
    points: Sequence[Point]
    label: str
    style: Line
    width: float


def plot_plan(plans: Sequence[Plan], labels: Sequence[str], path: Path) -> None:
    """Draw plans as ``plan_figure`` does, into a file.

    Args:
        plans: up to four.
        labels: what the legend calls each.
        path: ``.png``, ``.svg`` or ``.pdf``; overwritten.

    Raises:
        InputError: too many plans, or another kind of file.
        BsgrowError: the file cannot be written.
    """
    require_drawable(len(plans), path)
    with own_style():
        save_figure(plan_figure(plans, labels), path)


def plan_figure(
    plans: Sequence[Plan], labels: Sequence[str], styles: Sequence[Line] = LINES
) -> Figure:
    """Draw batch size, learning rate and SGD noise scale of plans and of what they started from.

    They are drawn over epochs, or over tokens if each says how many a sample has. Where a plan
    grows by the sqrt rule, a fourth panel shows what that rule holds. The cost does not grow with
    the number of updates.

    Args:
        plans: no more than styles.
        labels: what the legend calls each.
        styles: how each is drawn.
    """
    quantities = [_BATCH, _LR, _NOISE]
    if any(plan.growth.rule == "sqrt" for plan in plans):
        quantities.append(_SQRT_NOISE)
    figure = Figure(figsize=(7.2, 0.8 + 2.1 * len(quantities)), layout="constrained")
    FigureCanvasAgg(figure)
    lines, axis = _lines(plans, labels, styles), position_axis(plans)
    panels = figure.subplots(len(quantities), 1, sharex=True)
    for panel, quantity in zip(panels, quantities, strict=True):
        _draw(panel, lines, quantity, axis)
    panels[-1].set_xlabel(axis.label)
    panels[-1].set_xlim(0, max(axis.position(p, p.num_total_samples) for p in plans))
    figure.align_ylabels(panels)
    _legend(figure, panels[0])
    return figure


def _lines(plans: Sequence[Plan], labels: Sequence[str], styles: Sequence[Line]) -> list[_Line]:
    """Return the references, once each, and the plans on top of them."""
    published: dict[str, tuple[Plan, list[str]]] = {}
    for plan, label in zip(plans, labels, strict=True):
        _, names = published.setdefault(repr((plan.reference, plan.num_samples)), (plan, []))
        names.append(label)
    several = len(published) > 1
    references = [
        _line(reference_plan(plan), _as_published(names if several else []), Line(grey, "-"), 4.5)
        for (plan, names), grey in zip(published.values(), GREYS, strict=False)
    ]
    return references + [
        _line(plan, label, style, 1.5)
        for plan, label, style in zip(plans, labels, styles, strict=False)
    ]


def _line(plan: Plan, label: str, style: Line, width: float) -> _Line:
    legend = f"{drawn(label)}: {plan.num_updates:,} updates"
    return _Line(plan, outline(plan), legend, style, width)


def _as_published(names: Sequence[str]) -> str:
    return f"as published, {' and '.join(names)}" if names else "as published"


def _legend(figure: Figure, panel: Axes) -> None:
    """Put the legend above the panels, in two columns where its lines are short enough."""
    handles, names = panel.get_legend_handles_labels()
    columns = 1 if max(map(len, names)) > _LONG_LABEL else 2
    figure.legend(handles, names, loc="outside upper left", ncols=columns, frameon=False)


def _draw(panel: Axes, lines: Sequence[_Line], quantity: _Quantity, axis: PositionAxis) -> None:
    floor, ceiling = math.inf, 0.0
    for line in lines:
        x = [axis.position(line.plan, point.sample) for point in line.points]
        y = [quantity.value(point, line.plan) for point in line.points]
        floor, ceiling = min(floor, _floor(x, y)), max(ceiling, *y)
        shown = [value if value > 0 else math.nan for value in y]
        (drawn,) = panel.plot(x, shown, color=line.style.colour, label=line.label)
        drawn.set(solid_capstyle="butt", solid_joinstyle="miter")
        drawn.set(linewidth=line.width, linestyle=line.style.dashes)
    panel.set_ylabel(quantity.label)
    panel.grid(alpha=0.3, linewidth=0.5)
    panel.spines[["top", "right"]].set_visible(False)
    if quantity is _BATCH:
        batch_axis(panel, [p.global_batch_size for line in lines for p in line.points])
    elif ceiling > 0:  # it is 0 throughout where every batch is the whole training set
        log_axis(panel, floor, ceiling)


def _floor(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the lowest value to show: the lowest of all, unless it is far below the others.

    A curve that falls to 0 has no lowest value on a logarithmic axis; what it is below for a
    negligible share of the run leaves the picture.
    """
    lowest = min((value for value in y if value > 0), default=math.inf)
    stretches = sorted((min(y[i], y[i + 1]), x[i + 1] - x[i]) for i in range(len(x) - 1))
    passed = 0.0
    for value, length in stretches:
        passed += length
        if value > 0 and passed > _NEGLIGIBLE * (x[-1] - x[0]):
            return lowest if lowest > value / _FAR_BELOW else value
    return lowest

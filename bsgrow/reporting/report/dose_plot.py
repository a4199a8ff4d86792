"""Dose and response: the measure of each arm against what was varied, beside the baseline's."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bsgrow.reporting.difference import mean_and_std
from bsgrow.reporting.report.findings import values_of
from bsgrow.reporting.report.results import Results, Series
from bsgrow.reporting.style import GREYS, LINES, Dashes, drawn

_WIDE = 4  # the largest dose in units of the smallest, from which on the axis is logarithmic


def dosed(shown: Sequence[Series], group: str, measure: str) -> list[Series]:
    """Return the arms of a group that have a dose and a finished run, by dose."""
    own = [series for series in shown if series.group == group and values_of(series, measure)]
    own = [series for series in own if series.dose is not None]
    return sorted(own, key=lambda series: series.dose or 0.0)


def dose_figure(results: Results, shown: Sequence[Series], label: str) -> Figure:
    """Draw each seed of each arm at its dose, and their means with a bar of one deviation.

    Args:
        results: that the arms belong to.
        shown: as ``dosed`` returns them, one or more.
        label: of the dose.
    """
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    panel = figure.subplots()
    _draw_baselines(panel, results, shown)
    _draw_line(panel, _points(results, shown), LINES[1].colour, "-")
    _dose_axis(panel, [series.dose or 0.0 for series in shown])
    panel.set_xlabel(drawn(label))
    panel.set_ylabel(results.measure.replace("_", " "))
    panel.grid(alpha=0.3, linewidth=0.5)
    panel.spines[["top", "right"]].set_visible(False)
    if panel.get_legend_handles_labels()[0]:
        panel.legend(frameon=False)
    return figure


def _points(results: Results, shown: Sequence[Series]) -> list[tuple[float, list[float]]]:
    return [(series.dose or 0.0, values_of(series, results.measure)) for series in shown]


def _draw_line(
    panel: Axes,
    points: Sequence[tuple[float, list[float]]],
    colour: str,
    dashes: Dashes,
    label: str = "",
) -> None:
    """Draw each seed at its dose, and means with a bar of one deviation."""
    doses = [dose for dose, _ in points]
    means, stds = zip(*(mean_and_std(values) for _, values in points), strict=True)
    for dose, values in points:
        panel.plot([dose] * len(values), values, ".", color=colour, alpha=0.5)
    bars = panel.errorbar(doses, means, stds, color=colour, marker="o", capsize=4, linewidth=1.4)
    bars.lines[0].set_linestyle(dashes)
    if label:
        bars.set_label(label)


def _draw_baselines(panel: Axes, results: Results, shown: Sequence[Series]) -> None:
    """Draw what the arms are held against: as a band where that is one arm, else at each dose."""
    pairs = [(series, results.baseline_of(series)) for series in shown]
    held = [(s.dose or 0.0, base) for s, base in pairs if base is not None and base.ended]
    if len({base.arm for _, base in held}) > 1:
        points = [(dose, values_of(base, results.measure)) for dose, base in held]
        _draw_line(panel, points, LINES[0].colour, "--", "baseline at the same dose")
    elif held:
        base = held[0][1]
        mean, std = mean_and_std(values_of(base, results.measure))
        panel.axhspan(mean - std, mean + std, color=GREYS[1], linewidth=0)
        panel.axhline(mean, color=GREYS[0], linewidth=2.2, label=drawn(base.label))


def _dose_axis(panel: Axes, doses: Sequence[float]) -> None:
    if min(doses) > 0 and max(doses) >= _WIDE * min(doses):
        panel.set_xscale("log", base=2)
    panel.xaxis.set_major_locator(FixedLocator(sorted(set(doses))))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))

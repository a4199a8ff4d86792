"""Dose and response: the measure of each arm against what was varied, beside the baseline's."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bsgrow.reporting.difference import mean_and_std
from bsgrow.reporting.report.findings import values_of
from bsgrow.reporting.report.results import Results, Series
from bsgrow.reporting.style import GREYS, LINES, drawn

_WIDE = 4  # the largest dose in units of the smallest, from which on the axis is logarithmic


def dosed(shown: Sequence[Series], measure: str) -> list[Series]:
    """Return the arms that have a dose and a finished run, by dose."""
    own = [series for series in shown if series.dose is not None and values_of(series, measure)]
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
    _draw_baseline(panel, results, shown[0])
    doses, means, stds = [], [], []
    for series in shown:
        values, dose = values_of(series, results.measure), series.dose or 0.0
        mean, std = mean_and_std(values)
        doses.append(dose)
        means.append(mean)
        stds.append(std)
        panel.plot([dose] * len(values), values, ".", color=LINES[1].colour, alpha=0.5)
    panel.errorbar(doses, means, stds, color=LINES[1].colour, marker="o", capsize=4, linewidth=1.4)
    _dose_axis(panel, doses)
    panel.set_xlabel(drawn(label))
    panel.set_ylabel(results.measure.replace("_", " "))
    panel.grid(alpha=0.3, linewidth=0.5)
    panel.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_baseline(panel: Axes, results: Results, series: Series) -> None:
    """Draw mean and deviation of what the arms are held against, behind them."""
    baseline = results.baseline_of(series)
    values = values_of(baseline, results.measure) if baseline else []
    if baseline and values:
        mean, std = mean_and_std(values)
        panel.axhspan(mean - std, mean + std, color=GREYS[1], linewidth=0)
        panel.axhline(mean, color=GREYS[0], linewidth=2.2, label=drawn(baseline.label))
        panel.legend(frameon=False)


def _dose_axis(panel: Axes, doses: Sequence[float]) -> None:
    if min(doses) > 0 and max(doses) >= _WIDE * min(doses):
        panel.set_xscale("log", base=2)
    panel.xaxis.set_major_locator(FixedLocator(sorted(set(doses))))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))

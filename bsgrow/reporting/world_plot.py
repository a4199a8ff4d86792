"""The picture of wall-clock over ranks: how far growing the batch outruns decaying the rate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bsgrow.reporting.log_axis import batch_labels, log_axis
from bsgrow.reporting.picture import require_drawable, save_figure
from bsgrow.reporting.style import COLOURS, DASHES, drawn, own_style
from bsgrow.reporting.time_ticks import time_ticks
from bsgrow.reporting.wall_clock import WallClock
from bsgrow.reporting.world_times import RunTime, run_times
from bsgrow.schedule import Plan

_GREYS = ("#7A7A7A", "#A8A8A8", "#8F8F8F", "#BEBEBE")
_ROOM = 1.5  # a factor from which on there is room for an arrow between the curves


@dataclass(frozen=True)
class Predicted:
    """A plan and what its wall-clock is predicted from.

    Attributes:
        name: what the legend calls it.
        plan: the plan.
        clock: of its model on its device and network.
    """

    name: str
    plan: Plan
    clock: WallClock


def plot_world_times(runs: Sequence[Predicted], world_sizes: Sequence[int], path: Path) -> None:
    """Draw the wall-clock of plans over ranks as ``world_figure`` does, into a file.

    Args:
        runs: up to four.
        world_sizes: numbers of ranks, ascending.
        path: ``.png``, ``.svg`` or ``.pdf``; overwritten.

    Raises:
        InputError: too many plans, or another kind of file.
        BsgrowError: the file cannot be written.
    """
    require_drawable(len(runs), path)
    with own_style():
        save_figure(world_figure(runs, world_sizes), path)


def world_figure(runs: Sequence[Predicted], world_sizes: Sequence[int]) -> Figure:
    """Draw the predicted wall-clock of plans over numbers of ranks, and of what they started from.

    Axes are logarithmic. Points mark the numbers asked for; between them the lines go through the
    powers of two. The second panel shows how many times as fast each plan is as its reference, and
    where a single plan is drawn, the room between the two is shaded.
    """
    figure = Figure(figsize=(7.2, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    panel, factors = figure.subplots(2, 1, sharex=True, height_ratios=(2.6, 1))
    points = _with_powers_of_two(world_sizes)
    line = _Line(points, [i for i, size in enumerate(points) if size in world_sizes], panel)
    times = [run_times(run.plan, run.clock, points) for run in runs]
    _draw_runs(runs, times, line, replace(line, panel=factors))
    if len(runs) == 1:
        _shade(panel, times[0], COLOURS[0])
        labels = batch_labels(world_sizes)
        _write_factors(factors, [t for t in times[0] if t.world_size in labels], COLOURS[0])
    every = list(chain.from_iterable(times))
    seconds = [seconds for time in every for seconds in (time.seconds, time.baseline_seconds)]
    time_axis(panel, min(seconds), max(seconds))
    _factor_axis(factors, [time.speedup for time in every])
    _rank_axis(factors, world_sizes)
    figure.align_ylabels([panel, factors])
    handles, names = panel.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=1, frameon=False)
    return figure


def _draw_runs(
    runs: Sequence[Predicted], times: Sequence[Sequence[RunTime]], line: "_Line", factors: "_Line"
) -> None:
    """Draw each run, and what it started from unless one before started from the same."""
    styles = zip(COLOURS, DASHES, _GREYS, strict=False)
    for i, (run, own, (colour, dashes, grey)) in enumerate(zip(runs, times, styles, strict=False)):
        if _reference(run) not in map(_reference, runs[:i]):
            baseline = [time.baseline_seconds for time in own]
            line.draw(baseline, "s-", grey, _decaying(run, len(runs)))
        line.draw([time.seconds for time in own], f"o{dashes}", colour, _growing(run))
        factors.draw([time.speedup for time in own], f"o{dashes}", colour)


@dataclass(frozen=True)
class _Line:
    """Where lines are drawn: their numbers of ranks, which of those are marked, and the panel."""

    points: Sequence[int]
    marked: Sequence[int]
    panel: Axes

    def draw(self, values: Sequence[float], style: str, colour: str, label: str = "") -> None:
        (line,) = self.panel.plot(self.points, values, style, color=colour, label=label)
        line.set(linewidth=2.2, markersize=6, markevery=list(self.marked))


def _with_powers_of_two(world_sizes: Sequence[int]) -> list[int]:
    """Return the numbers asked for, and the powers of two between them."""
    low, high = min(world_sizes), max(world_sizes)
    powers = {1 << i for i in range(high.bit_length()) if low <= 1 << i <= high}
    return sorted(powers | set(world_sizes))


def _reference(run: Predicted) -> str:
    """Return what the wall-clock of a run's decaying reference follows from."""
    return repr((run.plan.reference, run.plan.num_samples, run.clock))


def _decaying(run: Predicted, num_runs: int) -> str:
    of = f" of {drawn(run.name)}" if num_runs > 1 else ""
    return (
        f"decaying the learning rate{of}: batch {run.plan.reference.global_batch_size} throughout"
    )


def _growing(run: Predicted) -> str:
    sizes = [phase.global_batch_size for phase in run.plan.phases]
    return f"{drawn(run.name)}: batch {min(sizes)} to {max(sizes)}"


def _shade(panel: Axes, times: Sequence[RunTime], colour: str) -> None:
    """Fill the room between the two runs, and measure it at the end where there is enough."""
    ranks = [time.world_size for time in times]
    own, baseline = [t.seconds for t in times], [t.baseline_seconds for t in times]
    panel.fill_between(ranks, own, baseline, color=colour, alpha=0.12, linewidth=0)
    last = times[-1]
    if last.speedup < _ROOM:
        return
    arrow = {"arrowstyle": "<->", "color": colour, "shrinkA": 6, "shrinkB": 6}
    ends = (ranks[-1], own[-1]), (ranks[-1], baseline[-1])
    panel.annotate("", *ends, arrowprops=arrow)
    middle = math.sqrt(own[-1]) * math.sqrt(baseline[-1])
    _write(panel, f"{last.speedup:.3g}×", (ranks[-1], middle), (-6, -4), colour, "right")


def _write_factors(panel: Axes, times: Sequence[RunTime], colour: str) -> None:
    for time in times:
        at = time.world_size, time.speedup
        _write(panel, f"{time.speedup:.3g}×", at, (4, 7), colour, "right")


def _write(
    panel: Axes,
    text: str,
    at: tuple[float, float],
    offset: tuple[int, int],
    colour: str,
    align: str,
) -> None:
    written = panel.annotate(text, at, offset, textcoords="offset points")
    written.set(horizontalalignment=align, color=colour, fontweight="bold")


def _factor_axis(panel: Axes, speedups: Sequence[float]) -> None:
    low, high = min(1.0, *speedups), max(1.0, *speedups)
    panel.axhline(1, color=_GREYS[0], linewidth=2.2, zorder=1)
    panel.set_ylim(low - 0.1 * (high - low) - 0.02, high + 0.35 * (high - low) + 0.05)
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    panel.set_ylabel("times as fast\nas decaying")
    _plain(panel)


def _rank_axis(panel: Axes, world_sizes: Sequence[int]) -> None:
    panel.set_xscale("log", base=2)
    panel.xaxis.set_major_locator(FixedLocator(batch_labels(world_sizes)))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    panel.set_xlim(world_sizes[0] / 1.5, world_sizes[-1] * 1.5)
    panel.set_xlabel("ranks")


def time_axis(panel: Axes, floor: float, ceiling: float) -> None:
    """Make the vertical axis logarithmic, from some seconds to some, with times that read well."""
    log_axis(panel, floor, ceiling)
    ticks = time_ticks(*panel.get_ylim())
    panel.set_ylabel("predicted wall-clock" if ticks else "predicted wall-clock (seconds)")
    if ticks:
        panel.yaxis.set_major_locator(FixedLocator(list(ticks)))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: ticks.get(value, "")))
        panel.yaxis.set_minor_locator(NullLocator())
    _plain(panel)


def _plain(panel: Axes) -> None:
    panel.grid(alpha=0.3, linewidth=0.5)
    panel.spines[["top", "right"]].set_visible(False)

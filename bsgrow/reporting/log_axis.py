"""Logarithmic axes with plain numbers on them."""

import math
from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

_MAX_LABELS = 7
_MAX_SIZES = 12
_LABEL_HEIGHT = 0.09  # of the height of a panel
_SMALLEST, _LARGEST, _WIDEST = 1e-290, 1e150, 1e-300
_WIDEST_MARGIN = 1e6
_MARGIN = 0.08  # of the height, above and below


def log_axis(panel: Axes, floor: float, ceiling: float) -> None:
    """Make the vertical axis logarithmic from floor to ceiling; both are above 0.

    A range under two decades is labelled at 1, 2 and 5, a wider one at powers of ten. Beyond
    1e-290 and 1e150 and 300 decades, where matplotlib's ticks overflow, values lie outside.
    """
    ceiling = min(max(ceiling, _SMALLEST), _LARGEST)
    floor = min(max(floor, _SMALLEST, ceiling * _WIDEST), ceiling)
    decades = math.log10(ceiling) - math.log10(floor)
    margin = min(max(10 ** (decades * _MARGIN), 1.15), _WIDEST_MARGIN)
    panel.set_autoscaley_on(False)  # it overflows where values are near the ends of a float
    panel.set_yscale("log")
    panel.set_ylim(floor / margin, ceiling * margin)
    subs = (1.0, 2.0, 5.0) if decades < 2 else (1.0,)
    panel.yaxis.set_major_locator(LogLocator(subs=subs, numticks=_MAX_LABELS))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if decades >= 2:
        panel.yaxis.set_minor_locator(LogLocator(subs=range(2, 10), numticks=100))
    else:
        panel.yaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))


def batch_axis(panel: Axes, sizes: Iterable[int]) -> None:
    """Make the vertical axis logarithmic, labelled with the batch sizes, or doublings of many."""
    labels = batch_labels(sorted(set(sizes)))
    margin = max((labels[-1] / labels[0]) ** _MARGIN, 1.15)
    panel.set_yscale("log", base=2)
    panel.set_ylim(labels[0] / margin, labels[-1] * margin)
    panel.yaxis.set_major_locator(FixedLocator(labels))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    panel.yaxis.set_minor_locator(NullLocator())


def batch_labels(sizes: Sequence[int]) -> list[int]:
    """Return the first and last of ascending sizes, and those between that keep a distance."""
    first, last = sizes[0], sizes[-1]
    between = sizes[1:-1]
    if len(sizes) > _MAX_SIZES:
        between = [first << i for i in range(1, (last // first).bit_length())]
    gap = (last / first) ** _LABEL_HEIGHT
    kept = [first]
    for size in between:
        if kept[-1] * gap <= size <= last / gap:
            kept.append(size)
    return kept if last == first else [*kept, last]

"""The pictures of a report: curves and schedules, one set for each optimizer and group."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from bsgrow.files.atomic import write_atomically
from bsgrow.reporting.comparison_plot import comparison_figure
from bsgrow.reporting.plan_plot import plan_figure
from bsgrow.reporting.report.dose_plot import dose_figure, dosed
from bsgrow.reporting.report.inline_svg import inline_svg
from bsgrow.reporting.report.results import MAIN, Results, Series
from bsgrow.reporting.report.units import listed, unit_of
from bsgrow.reporting.style import LINES, own_style

_DPI = 150
_LONGEST_SLUG = 60


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure, in the page and beside it.

    Attributes:
        name: by which the page knows it.
        group: the arms that it shows.
        optimizer: under which they ran.
        caption: what it shows.
        svg: to stand in a page.
        files: names of the files beside the page.
    """

    name: str
    group: str
    optimizer: str
    caption: str
    svg: str
    files: tuple[str, ...]


def draw_pictures(results: Results, page: Path) -> list[Picture]:
    """Draw all figures into files beside the page, as SVG and PNG.

    Args:
        results: what is shown.
        page: the file of the page; names of figures begin with its stem.

    Raises:
        BsgrowError: a file cannot be written.
    """
    pictures: list[Picture] = []
    sets = [
        (_slug(optimizer, "" if group == MAIN else group), shown)
        for optimizer in results.optimizers
        for group in results.groups
        for shown in _parts(results, optimizer, group)
    ]
    for number, (slug, shown) in enumerate(sets, start=1):
        pictures += _drawn(results, shown, f"{number}{slug}", page)
    return pictures


def _slug(*names: str) -> str:
    """Return names as a part of a file's name."""
    words = re.findall(r"[a-z0-9]+", " ".join(names).lower())
    return "".join(f"-{word}" for word in words)[:_LONGEST_SLUG]


def _parts(results: Results, optimizer: str, group: str) -> Iterator[list[Series]]:
    """Yield the arms of a group, as many at a time as can be told apart, and their baseline."""
    own = results.of(optimizer, group)
    bases = [base for each in own if (base := results.baseline_of(each)) and base not in own]
    first = list({base.arm: base for base in bases}.values())[: len(LINES) - 1]
    size = len(LINES) - len(first)
    for start in range(0, len(own), size):
        yield [*first, *own[start : start + size]]


def _drawn(results: Results, shown: Sequence[Series], name: str, page: Path) -> Iterator[Picture]:
    """Yield curves, schedules, and dose and response of some arms, as far as there are any."""
    names = listed([series.label for series in shown])
    with own_style():
        for kind, draw in (("curves", _curves), ("schedule", _schedules), ("dose", _doses)):
            if drawn := draw(results, shown, names):
                yield _saved(*drawn, f"{name}-{kind}", shown[-1], page)


_Drawn = tuple[Figure, str] | None
"""A figure with its caption, if there is anything to draw."""


def _curves(results: Results, shown: Sequence[Series], names: str) -> _Drawn:
    curves = [(each.as_arm(), line) for each, line in zip(shown, LINES, strict=False)]
    if not any(arm.curves for arm, _ in curves):
        return None
    arms, styles = zip(*curves, strict=True)
    caption = (
        f"Training loss and {unit_of(results.measure).name} of {names}, over the run and against "
        "parameter updates; mean and band of one standard deviation over seeds."
    )
    return comparison_figure(arms, "", results.measure, styles), caption


def _schedules(results: Results, shown: Sequence[Series], names: str) -> _Drawn:
    lines = zip(shown, LINES, strict=False)
    planned = [(each.plan, each.label, line) for each, line in lines if each.plan is not None]
    if not planned:
        return None
    plans, labels, styles = zip(*planned, strict=True)
    caption = (
        f"Batch size, learning rate and SGD noise scale of {names}, over the run; grey: "
        "the run as published."
    )
    return plan_figure(plans, labels, styles), caption


def _doses(results: Results, shown: Sequence[Series], names: str) -> _Drawn:
    group = shown[-1].group
    doses = dosed(shown, group, results.measure)
    if len(doses) < 2:
        return None
    caption = (
        f"Dose and response: {unit_of(results.measure).name} of {names} at each dose; points are "
        "seeds, bars one standard deviation; behind them the baseline."
    )
    return dose_figure(results, doses, group), caption


def _saved(figure: Figure, caption: str, kind: str, series: Series, page: Path) -> Picture:
    """Write a figure as SVG and PNG, and return it fit for a page."""
    drawn = BytesIO()
    with mpl.rc_context({"svg.fonttype": "none"}):  # text that is read, and not its outlines
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    figure.set_layout_engine("none")  # it stays as it is laid out, which takes as long as to draw
    files = f"{page.stem}-{kind}.svg", f"{page.stem}-{kind}.png"
    name = f"figure-{kind.partition('-')[0]}-{kind.rpartition('-')[2]}"
    write_atomically(page.with_name(files[0]), lambda file: file.write(drawn.getvalue()))
    write_atomically(page.with_name(files[1]), partial(figure.savefig, dpi=_DPI, format="png"))
    svg = inline_svg(drawn.getvalue().decode(), name)
    return Picture(name, series.group, series.optimizer, caption, svg, files)

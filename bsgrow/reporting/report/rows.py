"""The table of a report: a row for each arm, as it is shown on the page and in the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bsgrow.reporting.difference import mean_and_std
from bsgrow.reporting.report.findings import Finding, values_of
from bsgrow.reporting.report.paper import PaperFigures, paper_figures
from bsgrow.reporting.report.results import MAIN, Results, Series
from bsgrow.reporting.report.statements import verdict
from bsgrow.reporting.report.units import unit_of

_EXPECTED = {"same": "the same", "differs": "to differ", None: ""}


@dataclass(frozen=True)
class Row:
    """What is shown of an arm.

    Attributes:
        arm: its label.
        count: finished runs, of how many where some are not.
        measure: mean ± standard deviation over seeds.
        seeds: the measure of each finished run, by its seed.
        updates: of each run; empty where not known.
        fewer: how many times as few as the run as published makes; likewise.
        wall_clock: of a run, mean ± standard deviation.
        rate: samples per second, likewise.
        difference: from the baseline, with its interval; empty without one.
        expected: of the arm beside its baseline; empty where nothing was.
        came: whether it is so.
        verdict: what it is beside its baseline.
        dose: what the response is to; empty without one.
        paper: what the paper says of the same arm, of a main one; None where nothing.
    """

    arm: str
    count: str
    measure: str
    seeds: Mapping[int, str]
    updates: str
    fewer: str
    wall_clock: str
    rate: str
    difference: str
    expected: str
    came: str
    verdict: str
    dose: str
    paper: PaperFigures | None


def rows_of(results: Results, shown: Sequence[Series], found: Sequence[Finding]) -> list[Row]:
    """Return the rows of some arms, those with a dose by its size."""
    by_series = {id(each.series): each for each in found}
    ordered = sorted(shown, key=lambda series: (series.dose is not None, series.dose or 0.0))
    return [_row(results, series, by_series.get(id(series))) for series in ordered]


def _row(results: Results, series: Series, finding: Finding | None) -> Row:
    unit, arm = unit_of(results.measure), series.as_arm()
    values = values_of(series, results.measure)
    seeds = [run.seed for run in series.runs if run.finished is not None]
    fewer = arm.baseline_num_updates / arm.num_updates if arm.num_updates else 0.0
    return Row(
        arm=series.label,
        count=_count(len(values), len(series.runs)),
        measure=unit.spread(values),
        seeds=dict(zip(seeds, map(unit.value, values), strict=True)),
        updates=f"{arm.num_updates}" if arm.num_updates else "",
        fewer=f"{fewer:.2f}×" if fewer else "",
        wall_clock=_spread([run.wall_seconds for run in series.ended], 1, " s"),
        rate=_spread([run.samples_per_second for run in series.ended], 0, ""),
        difference=_difference(results, finding),
        expected=_EXPECTED[series.expect],
        came=(finding.came or "") if finding else "",
        verdict=_verdict(results, series, finding),
        dose="" if series.dose is None else f"{series.dose:g}",
        paper=paper_figures(series.recipe) if series.recipe and series.group == MAIN else None,
    )


def _verdict(results: Results, series: Series, finding: Finding | None) -> str:
    if finding is not None:
        return verdict(finding, results)
    is_one = series.arm == series.baseline
    return "baseline" if is_one else f"no {series.baseline} with this optimizer to compare"


def _count(finished: int, planned: int) -> str:
    return f"{finished}" if finished == planned else f"{finished} of {planned}"


def _difference(results: Results, finding: Finding | None) -> str:
    if finding is None or finding.tested is None:
        return ""
    unit, tested = unit_of(results.measure), finding.tested
    if tested.interval is None:
        return unit.signed(tested.mean)
    return f"{unit.signed(tested.mean)} ({unit.interval(tested.interval)})"


def _spread(values: Sequence[float], digits: int, suffix: str) -> str:
    if not values:
        return "–"
    mean, std = mean_and_std(values)
    if len(values) == 1:
        return f"{mean:.{digits}f}{suffix}"
    return f"{mean:.{digits}f} ± {std:.{digits}f}{suffix}"

"""What follows from the results: each arm against its baseline, and whether it came as expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bsgrow.reporting.equivalence import Equivalence, equivalence
from bsgrow.reporting.report.gap import Gap, largest_gap
from bsgrow.reporting.report.results import Results, Series

Came = Literal["yes", "no", "cannot tell"]


@dataclass(frozen=True, eq=False)
class Finding:
    """An arm against its baseline.

    Attributes:
        series: the arm.
        baseline: what it is held against.
        tested: what the finished runs of both say; None where one has none.
        gap: where the mean curves of the measure lie farthest apart.
        loss_gap: the same of the training loss.
        came: whether it is as the experimenter expected; None where nothing was expected.
    """

    series: Series
    baseline: Series
    tested: Equivalence | None
    gap: Gap | None
    loss_gap: Gap | None
    came: Came | None

    @property
    def num_diverged(self) -> int:
        """Runs of the arm that diverged, and count in no figure."""
        return len(self.series.in_state("diverged"))


def findings(results: Results) -> list[Finding]:
    """Return what can be said of each arm that has a baseline."""
    found = ((series, results.baseline_of(series)) for series in results.series)
    return [_finding(results, series, other) for series, other in found if other is not None]


def values_of(series: Series, measure: str) -> list[float]:
    """Return the measure of each finished run."""
    return [float(getattr(run, measure)) for run in series.ended]


def seen(found: Sequence[Finding]) -> list[Finding]:
    """Return the arms that were expected to differ and do: what shows that a difference is seen."""
    return [each for each in found if each.series.expect == "differs" and each.came == "yes"]


def _finding(results: Results, series: Series, baseline: Series) -> Finding:
    measure = results.measure
    values, others = (values_of(each, measure) for each in (series, baseline))
    tested = equivalence(values, others, results.margin)
    curves = series.as_arm().curves, baseline.as_arm().curves
    return Finding(
        series,
        baseline,
        tested,
        largest_gap(*curves, measure),
        largest_gap(*curves, "train_loss"),
        _came(series, tested),
    )


def _came(series: Series, tested: Equivalence | None) -> Came | None:
    """Return whether an arm is as expected; one with runs that diverged differs."""
    if series.expect is None:
        return None
    diverged = bool(series.in_state("diverged"))
    if diverged or (tested is not None and tested.verdict == "different"):
        return "yes" if series.expect == "differs" else "no"
    if tested is not None and tested.verdict.startswith("equivalent"):
        return "yes" if series.expect == "same" else "no"
    return "cannot tell"

"""All that a report computes, as plain values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bsgrow.reporting.difference import mean_and_std
from bsgrow.reporting.equivalence import ALPHA, INTERVAL
from bsgrow.reporting.learning_curve import band
from bsgrow.reporting.report.findings import Finding, values_of
from bsgrow.reporting.report.paper import paper_figures
from bsgrow.reporting.report.results import MAIN, Measure, Results, Run, Series
from bsgrow.reporting.report.statements import (
    progress,
    sensitivity,
    statement,
    summary,
    verdict,
)

_SPREADS = ("test_accuracy", "test_loss", "wall_seconds", "samples_per_second")


def report_as_dict(results: Results, found: Sequence[Finding]) -> dict[str, Any]:
    """Return what was computed, ready for JSON; nothing in it is infinite or nan."""
    report = {
        "name": results.name,
        "description": results.description,
        "folder": results.folder,
        "measure": results.measure,
        "margin": results.margin,
        "alpha": ALPHA,
        "interval_confidence": INTERVAL,
        "progress": progress(results),
        "arms": [_arm(series, results.measure) for series in results.series],
        "findings": [_finding(each, results) for each in found],
        "optimizers": [_optimizer(name, found, results) for name in results.optimizers],
        "starts": list(results.starts),
    }
    return _finite(report)


def _finite(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with null for what JSON has no number for, as in a start that was edited."""
    read: dict[str, Any] = json.loads(json.dumps(report), parse_constant=lambda _: None)
    return read


def _arm(series: Series, measure: Measure) -> dict[str, Any]:
    arm, recipe = series.as_arm(), series.recipe
    paper = paper_figures(recipe) if recipe and series.group == MAIN else None
    return {
        "arm": series.arm,
        "label": series.label,
        "optimizer": series.optimizer,
        "group": series.group,
        "baseline": series.baseline,
        "expect": series.expect,
        "dose": series.dose,
        "num_updates": arm.num_updates or None,
        "baseline_num_updates": arm.baseline_num_updates or None,
        **{name: _spread(values_of(series, name)) for name in _SPREADS},
        "runs": [_run(run) for run in series.runs],
        "curves": _curves(series, measure),
        "paper": paper and paper._asdict(),
    }


def _curves(series: Series, measure: Measure) -> dict[str, Any] | None:
    """Return means and deviations over seeds at each evaluation; None without any."""
    curves = series.as_arm().curves
    if not curves:
        return None
    bands = {name: band(curves, name) for name in ("train_loss", measure)}
    places = {"epochs": curves[0].epochs.tolist(), "updates": curves[0].updates.tolist()}
    return places | {
        name: {"mean": each.mean.tolist(), "std": each.std.tolist()} for name, each in bands.items()
    }


def _spread(values: Sequence[float]) -> dict[str, float | int | None] | None:
    if not values:
        return None
    mean, std = mean_and_std(values)
    return {"mean": mean, "std": std if len(values) > 1 else None, "n": len(values)}


def _run(run: Run) -> dict[str, Any]:
    ended = run.finished
    measured = {name: getattr(ended, name) for name in _SPREADS} if ended else {}
    said = {"seed": run.seed, "state": run.state, "reason": run.reason, "path": run.path}
    return said | measured | {"origin": run.origin or None}


def _finding(finding: Finding, results: Results) -> dict[str, Any]:
    return {
        "arm": finding.series.arm,
        "optimizer": finding.series.optimizer,
        "baseline": finding.baseline.arm,
        "tested": finding.tested and asdict(finding.tested),
        "largest_gap": finding.gap and asdict(finding.gap),
        "largest_train_loss_gap": finding.loss_gap and asdict(finding.loss_gap),
        "num_diverged": finding.num_diverged,
        "as_expected": finding.came,
        "verdict": verdict(finding, results),
        "statement": statement(finding, results),
    }


def _optimizer(name: str, found: Sequence[Finding], results: Results) -> dict[str, Any]:
    return {
        "optimizer": name,
        "summary": summary(name, found, results),
        "sensitivity": sensitivity(name, found),
    }

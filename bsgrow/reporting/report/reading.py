"""From the folder of an experiment to its results; nothing else is looked at."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from bsgrow.errors import BsgrowError
from bsgrow.experiments import Experiment, ExperimentRecord, RunRecord, RunState
from bsgrow.recipe import Recipe
from bsgrow.reporting.learning_curve import LearningCurve, learning_curve
from bsgrow.reporting.report.results import Results, Run, Series
from bsgrow.schedule import Plan
from bsgrow.schedule.serialize import plan_from_dict
from bsgrow.text.printable import printable

_BEGUN = "it has begun, and is not finished"
_NOT_BEGUN = "it has not begun"
_CUT_SHORT = "its events do not hold every evaluation"


def results_of(record: ExperimentRecord, text: str = "") -> Results:
    """Return what an experiment has come to.

    Args:
        record: as ``read_experiment`` gives it.
        text: the experiment file.
    """
    experiment = record.experiment
    pairs = sorted(experiment.pairs(), key=lambda pair: _place(experiment, pair[1]))
    margin = experiment.margin
    return Results(
        name=printable(experiment.name),
        description=experiment.description,
        folder=str(record.folder),
        measure=margin.measure if margin else "test_accuracy",
        margin=margin.value if margin else None,
        optimizers={name: _called(experiment, name) for _, name in pairs},
        series=tuple(_series(record, *pair) for pair in pairs),
        starts=record.starts,
        text=text,
    )


def _place(experiment: Experiment, optimizer: str) -> int:
    return ["", *experiment.optimizers].index(optimizer)


def _called(experiment: Experiment, optimizer: str) -> str:
    return printable(experiment.optimizers[optimizer].label or optimizer) if optimizer else ""


def _series(record: ExperimentRecord, arm: str, optimizer: str) -> Series:
    experiment, config = record.experiment, record.experiment.arms[arm]
    records = record.of(arm, optimizer)
    begun = next((run for run in records if run.state is not RunState.MISSING), None)
    recipe, text = _recipe(begun)
    return Series(
        arm=arm,
        label=printable(config.label or arm),
        group=printable(config.group),
        optimizer=optimizer,
        baseline=experiment.baseline_of(arm),
        expect=config.expect,
        dose=config.dose,
        recipe=recipe,
        text=text,
        plan=_plan(begun, recipe),
        runs=tuple(_with_whole_curves([_run(run) for run in records])),
    )


def _recipe(record: RunRecord | None) -> tuple[Recipe | None, str]:
    """Return a recipe as it is used, and as it stands in its file."""
    if record is not None:
        with suppress(BsgrowError, OSError, UnicodeDecodeError):
            return record.recipe, record.directory.recipe.read_text("utf-8")
    return None, ""


def _plan(record: RunRecord | None, recipe: Recipe | None) -> Plan | None:
    """Return the plan of a run; None where that is not the one that this version compiles."""
    if record is not None and recipe is not None:
        with suppress(BsgrowError):
            return plan_from_dict(record.plan(), recipe.reference, recipe.growth)
    return None


def _run(record: RunRecord) -> Run:
    seed, state, reason = record.key.seed, record.state, record.reason
    finished, curve = None, None
    if state is RunState.FINISHED:
        finished, (curve, reason) = record.summary, _curve(record)
    elif not reason:
        reason = _NOT_BEGUN if state is RunState.MISSING else _BEGUN
    return Run(
        seed, state.value, reason, str(record.directory.path), finished, curve, _origin(record)
    )


def _curve(record: RunRecord) -> tuple[LearningCurve | None, str]:
    """Return what a run measured on its way; or None, and why that cannot be read."""
    try:
        return learning_curve(record.events()), ""
    except BsgrowError as error:
        return None, error.message


def _origin(record: RunRecord) -> Mapping[str, Any]:
    origin = record.origin
    return {} if origin is None else asdict(origin)


def _with_whole_curves(runs: list[Run]) -> list[Run]:
    """Leave out the curves that were not evaluated where those of most seeds were."""
    places = [tuple(run.curve.updates) for run in runs if run.curve is not None]
    usual = max(places, key=places.count, default=())
    return [_with_whole_curve(run, run.curve, usual) for run in runs]


def _with_whole_curve(run: Run, curve: LearningCurve | None, usual: tuple[float, ...]) -> Run:
    if curve is None or (usual and tuple(curve.updates) == usual):
        return run
    return Run(run.seed, run.state, _CUT_SHORT, run.path, run.finished, None, run.origin)

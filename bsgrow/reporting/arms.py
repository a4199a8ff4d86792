"""The arms of an experiment with what their finished runs reached and measured on their way."""

from collections.abc import Mapping, Sequence

from bsgrow.errors import BsgrowError
from bsgrow.experiments import ExperimentRecord, RunRecord, RunState
from bsgrow.experiments.mixing import Pair
from bsgrow.recipe.planning import Planned
from bsgrow.reporting.comparison import Arm
from bsgrow.reporting.learning_curve import LearningCurve, learning_curve
from bsgrow.text.command import quoted
from bsgrow.training import RunDirectory


def arms_of(record: ExperimentRecord, planned: Mapping[Pair, Planned]) -> list[Arm]:
    """Return each arm with each of its optimizers, in the order of the optimizers.

    Args:
        record: what the experiment has come to.
        planned: what comes of each arm and optimizer; others are left out.

    Raises:
        BsgrowError: the events of a run are not whole.
    """
    experiment = record.experiment
    optimizers = ["", *experiment.optimizers]
    pairs = sorted(experiment.pairs(), key=lambda pair: optimizers.index(pair[1]))
    return [_arm(record, pair, planned[pair]) for pair in pairs if pair in planned]


def _arm(record: ExperimentRecord, pair: Pair, planned: Planned) -> Arm:
    runs, plan = record.of(*pair), planned.plan
    finished = [run for run in runs if run.state is RunState.FINISHED]
    return Arm(
        name=pair[0],
        num_updates=plan.num_updates,
        baseline_num_updates=plan.baseline_num_updates,
        seeds=tuple(run.key.seed for run in finished),
        runs=tuple(run.summary for run in finished if run.summary is not None),
        curves=_curves(finished, plan.num_updates),
        diverged={run.key.seed: run.reason for run in runs if run.state is RunState.DIVERGED},
        optimizer=pair[1],
        baseline=record.experiment.baseline_of(pair[0]),
        group=record.experiment.arms[pair[0]].group,
        plan=plan,
    )


def _curves(runs: Sequence[RunRecord], num_updates: int) -> tuple[LearningCurve, ...]:
    """Return what finished runs of an arm measured on their way."""
    curves = [learning_curve(run.events()) for run in runs]
    for run, curve in zip(runs, curves, strict=True):
        _require_whole(run.directory, curve, curves[0], num_updates)
    return tuple(curves)


def _require_whole(
    directory: RunDirectory, curve: LearningCurve, first: LearningCurve, num_updates: int
) -> None:
    """Check that a run was evaluated at its end, and wherever the first of its arm was."""
    positions = curve.updates.tolist()
    if positions != first.updates.tolist() or positions[-1:] != [num_updates]:
        raise BsgrowError(
            f"{directory.events} does not hold every evaluation of its run",
            hint=f"remove {quoted(str(directory.path))} and run the same command again",
        )

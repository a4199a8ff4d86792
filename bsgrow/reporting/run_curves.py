"""The curves of a run, over the samples consumed."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bsgrow.reporting.planned_phases import PlannedPhase
from bsgrow.reporting.run_standing import Standing

Point = tuple[float, float]


class Curve(NamedTuple):
    """A quantity over samples.

    Attributes:
        name: of the quantity.
        points: samples consumed and value, in order.
        log: whether its values are shown by their logarithm.
    """

    name: str
    points: Sequence[Point]
    log: bool


def curves_of(standing: Standing) -> list[Curve]:
    """Return training loss, test accuracy, global batch, lr and noise scale of a run.

    The last three are those of the plan, up to where the run stands.
    """
    seen = standing.seen
    loss = [(e.consumed_samples, e.train_loss) for e in seen.progress or seen.evaluated]
    accuracy = [(e.consumed_samples, e.test_accuracy) for e in seen.evaluated]
    return [
        Curve("training loss", loss, True),
        Curve("test accuracy", accuracy, False),
        Curve("global batch", _planned(standing, _sizes), True),
        Curve("lr", _planned(standing, lambda phase: phase.lr), True),
        Curve("sgd noise scale", _planned(standing, lambda phase: phase.sgd_noise_scale), True),
    ]


def _sizes(phase: PlannedPhase) -> tuple[float, float]:
    return phase.global_batch_size, phase.global_batch_size


def _planned(
    standing: Standing, ends: Callable[[PlannedPhase], tuple[float, float]]
) -> list[Point]:
    """Return a quantity of the plan at the start and end of each phase that has begun."""
    begun = standing.consumed_samples
    points: list[Point] = []
    for phase in standing.phases:
        if phase.start_sample < begun:
            first, last = ends(phase)
            stop = min(phase.stop_sample, begun)
            part = (stop - phase.start_sample) / (phase.stop_sample - phase.start_sample)
            points += [(phase.start_sample, first), (stop, first + part * (last - first))]
    return points

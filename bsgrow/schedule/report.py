"""What a plan gives up for its updates, as numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

from bsgrow.schedule.plan import Phase, Plan

_INSPECTED = 32  # updates looked at in each phase, beside its first and last


@dataclass(frozen=True, slots=True)
class Report:
    """What was given up.

    Attributes:
        largest_lr: the largest learning rate of an update.
        largest_lr_ratio: the same over the scaled peak, which is growth.lr_scale times the
            reference's largest; above 1 only where the reference rises again.
        largest_drift: how far the reference's learning rate moves from the first to the last
            sample of an update, relative to its highest at an update of the run: the noise scale
            is exact at the first sample and moves by as much to the last, while that of the
            reference was kept within its smaller updates. Measured so, neither the end of a decay
            nor the start of a warm-up counts by being near 0.
        drift_sample: where the update of the largest drift starts.
        largest_batch_fraction: the largest global batch over N; the method holds well below 1.
        num_cut_updates: updates that are smaller than their phase's batch: the last one, or none.
        largest_forgetting_epochs: the longest that gradients take to be forgotten, B/(N(1 − m)),
            over the phases; 0 without momentum.
    """

    largest_lr: float
    largest_lr_ratio: float
    largest_drift: float
    drift_sample: int
    largest_batch_fraction: float
    num_cut_updates: int
    largest_forgetting_epochs: float


def report(plan: Plan) -> Report:
    """Return what a plan gives up; the cost grows with its phases.

    The learning rate is monotone in a phase, so its extremes are exact. The drift is that of the
    first and the last update of every phase and of some between them.
    """
    drift, sample = max(_drifts(plan), key=lambda drift: (drift[0], -drift[1]))
    last = plan.update(plan.num_updates - 1)
    largest = max(max(phase.lr, plan.last_lr(phase)) for phase in plan.phases)
    return Report(
        largest_lr=largest,
        largest_lr_ratio=largest / (plan.growth.lr_scale * _peak(plan) or 1.0),
        largest_drift=drift,
        drift_sample=sample,
        largest_batch_fraction=max(p.global_batch_size for p in plan.phases) / plan.num_samples,
        num_cut_updates=int(last.global_batch_size < plan.phases[-1].global_batch_size),
        largest_forgetting_epochs=max(forgetting_epochs(plan, phase) for phase in plan.phases),
    )


def forgetting_epochs(plan: Plan, phase: Phase) -> float:
    """Return B / (N (1 − m)), over which gradients are forgotten; 0 without momentum.

    Source:
        arXiv 1711.00489, section 4.
    """
    if phase.momentum == 0:
        return 0.0
    return phase.global_batch_size / (plan.num_samples * (1 - phase.momentum))


def _peak(plan: Plan) -> float:
    """Return the largest learning rate of the reference at an update."""
    starts = (s for phase in plan.phases for s in (phase.start_sample, phase.last_start))
    return max(map(plan.reference_lr, starts))


def _drifts(plan: Plan) -> Iterable[tuple[float, int]]:
    """Yield the drift of updates, with the sample that each starts at."""
    peak = _peak(plan)
    for phase in plan.phases:
        last = phase.num_updates - 1
        for index in {last * i // _INSPECTED for i in range(_INSPECTED + 1)}:
            start = phase.start_sample + index * phase.global_batch_size
            stop = min(start + phase.global_batch_size, plan.num_total_samples)
            before, after = plan.reference_lr(start), plan.reference_lr(stop - 1)
            yield abs(after - before) / (max(peak, after) or 1.0), start

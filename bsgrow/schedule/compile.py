"""Compiles a published schedule and a growth rule into a plan."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, islice, pairwise

from bsgrow.errors import InputError
from bsgrow.schedule.config import Growth, Reference
from bsgrow.schedule.curves import Curve, exact
from bsgrow.schedule.plan import Phase, Plan, matching_lr

_MAX_CURSOR = 2**64 - 1
_MAX_KNOTS = 1_000_000
_FIRST_BATCH = (
    "the first batch is schedule.global_batch_size, times growth.lr_scale, "
    "times (1 - optimizer.momentum) / (1 - growth.momentum)"
)


@dataclass(frozen=True, slots=True)
class _Segment:
    """Samples [start, stop) over which the reference's learning rate is constant."""

    start: int
    stop: int
    reference_lr: float


def compile_plan(reference: Reference, growth: Growth, num_samples: int) -> Plan:
    """Compile a schedule into a plan that keeps its SGD noise scale.

    The batch grows by as much as the learning rate has decayed from its highest value so far;
    what the batch cannot take, because of a cap or of rounding, stays in the learning rate.
    Work and memory grow with the number of phases, not of updates.

    Args:
        reference: the run as published.
        growth: how its decay is spent in batch size.
        num_samples: size of the training set, N.

    Returns:
        The plan; its updates tile [0, epochs · N) without gaps.

    Raises:
        InputError: a value is out of range, or the values do not fit each other.

    Source:
        arXiv 1711.00489, sections 3 to 5.
    """
    num_total_samples = _num_total_samples(reference, num_samples)
    segments = _merge_equal(_segments(reference, num_samples))
    wanted = _wanted_batch_sizes([s.reference_lr for s in segments], reference, growth)
    _require_fit(wanted, growth, num_samples)
    batch_sizes = [_round_to_multiple(size, growth) for size in wanted]
    phases = tuple(_lay_phases(segments, batch_sizes, reference, growth))
    return Plan(num_samples, reference, growth, phases, num_total_samples)


def planned_momentum(reference: Reference, growth: Growth) -> float:
    """Return the momentum coefficient that the plan runs at."""
    return reference.momentum if growth.momentum is None else growth.momentum


def _num_total_samples(reference: Reference, num_samples: int) -> int:
    if num_samples < 1:
        raise InputError(f"data.num_samples = {num_samples}: must be at least 1")
    total = math.ceil(exact(reference.epochs) * num_samples)
    if total > _MAX_CURSOR:
        raise InputError(
            f"schedule.epochs = {reference.epochs:g}: {num_samples} samples an epoch make "
            f"{total:.3g} in all, more than a 64-bit cursor counts",
        )
    return total


def _segments(reference: Reference, num_samples: int) -> Iterator[_Segment]:
    curve, epochs = reference.build_curve(), exact(reference.epochs)
    _require_inside(curve, reference)
    knots = [Fraction(0), *islice(curve.knots(epochs), _MAX_KNOTS + 1), epochs]
    if len(knots) > _MAX_KNOTS + 2:
        raise InputError(f"schedule.curve: changes more than {_MAX_KNOTS} times in the run")
    samples = [math.ceil(knot * num_samples) for knot in knots]
    for knot, (start, stop) in zip(knots, pairwise(samples), strict=False):
        if start < stop:
            yield _Segment(start, stop, curve.value(knot))


def _merge_equal(segments: Iterable[_Segment]) -> list[_Segment]:
    runs = (list(run) for _, run in groupby(segments, key=lambda s: s.reference_lr))
    return [_Segment(run[0].start, run[-1].stop, run[0].reference_lr) for run in runs]


def _wanted_batch_sizes(
    reference_lrs: Iterable[float], reference: Reference, growth: Growth
) -> list[float]:
    """Return the batch size of each segment before caps and rounding."""
    first = _first_batch_size(reference, growth)
    wanted = [first * drawdown for drawdown in _drawdowns(reference_lrs)]
    if growth.mode == "grow":
        return wanted
    grown = first if growth.mode == "decay" else next((s for s in wanted if s > first), first)
    return [min(size, grown) for size in wanted]


def _first_batch_size(reference: Reference, growth: Growth) -> float:
    """B ∝ ε / (1 − m), unrounded."""
    momentum_scale = (1 - reference.momentum) / (1 - planned_momentum(reference, growth))
    return reference.global_batch_size * growth.lr_scale * momentum_scale


def _drawdowns(reference_lrs: Iterable[float]) -> Iterator[float]:
    """Yield by what factor the learning rate has fallen from its peak, at most so far.

    A rise is not answered by a smaller batch: a warm-up stays one, and after a warm restart
    the batch waits until the learning rate is down where it was.
    """
    peak = drawdown = 0.0
    for lr in reference_lrs:
        peak = max(peak, lr)
        drawdown = max(drawdown, peak / lr if lr > 0 else math.inf)
        yield drawdown


def _round_to_multiple(size: float, growth: Growth) -> int:
    """Return the nearest multiple, at least one of them and not above the cap."""
    unit, cap = growth.multiple_of, growth.max_batch_size
    if cap is not None:
        size = min(size, cap // unit * unit)
    return max(1, math.floor(size / unit + 0.5)) * unit


def _require_inside(curve: Curve, reference: Reference) -> None:
    if curve.last_milestone >= exact(reference.epochs):
        raise InputError(
            f"schedule.curve: the milestone {float(curve.last_milestone):g} is not before the "
            f"end of the run, schedule.epochs = {reference.epochs:g}",
            hint="milestones are counted in epochs",
        )


def _require_fit(wanted: list[float], growth: Growth, num_samples: int) -> None:
    """Check the batch sizes against the cap, the multiple and the training set."""
    first, cap, unit = round(wanted[0]), growth.max_batch_size, growth.multiple_of
    if first < 1:
        raise InputError(
            f"growth: the first batch would be {wanted[0]:.3g} samples", hint=_FIRST_BATCH
        )
    if cap is not None and cap < first:
        raise InputError(
            f"growth.max_batch_size = {cap}: below the first batch, {first}", hint=_FIRST_BATCH
        )
    if unit > first:
        raise InputError(
            f"growth.multiple_of = {unit}: above the first batch, {first}", hint=_FIRST_BATCH
        )
    largest = wanted[-1] if cap is None else min(wanted[-1], cap)
    if largest > num_samples:
        raise InputError(
            f"the plan reaches a global batch of {largest:g}, "
            f"more than the {num_samples} samples of the training set",
            hint=f"set growth.max_batch_size; the paper uses N/10 = {max(1, num_samples // 10)}",
        )


def _lay_phases(
    segments: list[_Segment], batch_sizes: list[int], reference: Reference, growth: Growth
) -> Iterator[Phase]:
    """Yield the phases; an update that has started runs on past the end of its segment."""
    momentum = planned_momentum(reference, growth)
    index = cursor = 0
    for segment, batch_size in zip(segments, batch_sizes, strict=True):
        num_updates = -((cursor - segment.stop) // batch_size)
        if num_updates <= 0:
            continue
        stop = min(cursor + num_updates * batch_size, segments[-1].stop)
        lr = matching_lr(segment.reference_lr, reference, batch_size, momentum)
        yield Phase(index, num_updates, cursor, stop, batch_size, momentum, lr)
        index, cursor = index + num_updates, stop

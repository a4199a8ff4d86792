"""Curves made of curves: one after the other, or one times the other."""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from heapq import merge
from itertools import chain, groupby, pairwise
from typing import Any

from bsgrow.errors import InputError
from bsgrow.schedule.curves.base_lr import require_one_base_lr
from bsgrow.schedule.curves.curve import ENDS, Curve, build_curve, exact, register, require
from bsgrow.schedule.curves.step import require_ascending
from bsgrow.schedule.curves.turns import turning_points


@register
def SequentialLR(
    lr: float,
    /,
    *,
    schedulers: Sequence[Mapping[str, Any]],
    milestones: Sequence[float],
) -> Curve:
    """ε(t) = ε_i(t − milestone_i), i the number of milestones ≤ t; each curve begins at its own 0.

    Each has the base learning rate ε₀; a CyclicLR or OneCycleLR must begin at it where torch's
    would give its own to the others.

    Args:
        lr: base learning rate ε₀ of every curve.
        schedulers: the curves, name and arguments each.
        milestones: where each but the first begins, ascending and inside the run.
    """
    require_some(schedulers)
    require_ascending(milestones)
    require(
        len(milestones) == len(schedulers) - 1,
        "milestones",
        list(milestones),
        f"{len(schedulers)} schedulers need {len(schedulers) - 1}",
    )
    curves = [build_curve(lr, curve) for curve in schedulers]
    require_one_base_lr(lr, schedulers)
    return sequence(curves, [exact(milestone) for milestone in milestones])


@register
def ChainedScheduler(lr: float, /, *, schedulers: Sequence[Mapping[str, Any]]) -> Curve:
    """ε(t) = ε₀ · ∏ f_i(t), f_i being curve i at a base learning rate of 1.

    This is what torch's schedulers do that multiply the learning rate they find; the others,
    which overwrite it, cannot be chained. A run must not go on past the T_max of a cosine that is
    beside other curves, where torch adds to the learning rate instead.

    Args:
        lr: base learning rate ε₀.
        schedulers: the curves, name and arguments each.
    """
    require_some(schedulers)
    for i, spec in enumerate(schedulers):  # before they are built, as that needs their base lr
        _require_chainable(i, spec, not _is_sequence(spec))
    curves = [build_curve(1.0, curve) for curve in schedulers]
    for i, curve in enumerate(curves):
        _require_chainable(i, schedulers[i], curve.chainable)
    if len(curves) == 1:
        return replace(product(lr, curves), factor_until=curves[0].factor_until)
    stops = (stop for curve in curves for stop in (curve.stop, curve.factor_until))
    return replace(product(lr, curves), stop=_smallest(stops))


def _require_chainable(index: int, spec: Mapping[str, Any], chainable: bool) -> None:
    require(
        chainable,
        f"schedulers[{index}].name",
        repr(spec.get("name")),
        "cannot be chained, as it does not multiply what the others give",
    )


def _is_sequence(spec: Mapping[str, Any]) -> bool:
    """Whether a curve is one after another: such have no factor at another base lr."""
    if spec.get("name") == "LinearWarmup":
        return spec.get("shift", True) or _is_sequence(spec.get("curve", {}))
    return spec.get("name") == "SequentialLR"


def require_some(schedulers: Sequence[Mapping[str, Any]]) -> None:
    """Raise InputError where a composition has nothing in it."""
    require(bool(schedulers), "schedulers", list(schedulers), "must hold at least one curve")


def sequence(curves: Sequence[Curve], milestones: Sequence[Fraction]) -> Curve:
    """Return the curves one after the other, each from its own position 0."""
    starts, last = [Fraction(0), *milestones], curves[-1]
    for curve, start, stop in zip(curves, starts, milestones, strict=False):
        _require_long_enough(curve, stop - start)

    def value(position: Fraction) -> float:
        i = bisect_right(milestones, position)
        return curves[i].value(position - starts[i])

    return Curve(
        value,
        lambda stop: _sequence_knots(curves, starts, stop),
        smooth=any(curve.smooth for curve in curves),
        chainable=False,
        last_milestone=starts[-1] + last.last_milestone,
        stop=None if last.stop is None else starts[-1] + last.stop,
    )


def product(lr: float, curves: Sequence[Curve]) -> Curve:
    """Return lr times the curves; where they move against each other, its turns become knots."""

    def value(position: Fraction) -> float:
        return lr * math.prod(curve.value(position) for curve in curves)

    def knots(stop: Fraction) -> Iterator[Fraction]:
        joined = (knot for knot, _ in groupby(merge(*(curve.knots(stop) for curve in curves))))
        moving = sum(curve.smooth for curve in curves)
        return joined if moving < 2 else _with_turns(value, joined, stop)

    return Curve(
        value,
        knots,
        smooth=any(curve.smooth for curve in curves),
        chainable=all(curve.chainable for curve in curves),
        last_milestone=max(curve.last_milestone for curve in curves),
        stop=_smallest(curve.stop for curve in curves),
        period=_smallest(curve.period for curve in curves),
    )


def _smallest(numbers: Iterable[Fraction | None]) -> Fraction | None:
    return min((number for number in numbers if number is not None), default=None)


def _sequence_knots(
    curves: Sequence[Curve], starts: Sequence[Fraction], stop: Fraction
) -> Iterator[Fraction]:
    for curve, start, end in zip(curves, starts, [*starts[1:], stop], strict=True):
        if start >= stop:
            return
        yield from [start] if start > 0 else []
        yield from (start + knot for knot in curve.knots(min(end, stop) - start))


def _with_turns(
    value: Callable[[Fraction], float], knots: Iterator[Fraction], stop: Fraction
) -> Iterator[Fraction]:
    for start, end in pairwise(chain([Fraction(0)], knots, [stop])):
        yield from [start] if start > 0 else []
        yield from turning_points(value, start, end)


def _require_long_enough(curve: Curve, length: Fraction) -> None:
    if curve.stop is not None and curve.stop < length:
        raise InputError(
            f"schedule.curve.milestones: a curve that ends after {float(curve.stop):g} is to run "
            f"for {float(length):g}",
            hint=ENDS,
        )

"""Learning-rate schedules as functions of a continuous position, under torch's names.

A curve builder takes the base learning rate and the keyword arguments of the scheduler of the
same name in ``torch.optim.lr_scheduler``, and returns a ``Curve``. A new curve is one function
with its formula in the docstring and ``@register`` on top.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, takewhile
from types import MappingProxyType
from typing import Any

from bsgrow.errors import InputError

CurveBuilder = Callable[..., "Curve"]
_BUILDERS: dict[str, CurveBuilder] = {}
CURVES: Mapping[str, CurveBuilder] = MappingProxyType(_BUILDERS)


@dataclass(frozen=True)
class Curve:
    """A learning rate over the run, constant between its knots.

    Attributes:
        value: position (in epochs, exact) to learning rate; the value at a knot is the one
            after it.
        knots: the end of the run (in epochs) to the positions before it where the value changes,
            in ascending order.
        last_milestone: the last position that the user wrote; it must lie inside the run.
    """

    value: Callable[[Fraction], float]
    knots: Callable[[Fraction], Iterable[Fraction]]
    last_milestone: Fraction = Fraction(0)


def exact(number: float) -> Fraction:
    """Return the decimal number that a user wrote: 0.1 is one tenth, not its binary neighbour."""
    return Fraction(str(number))


def register(builder: CurveBuilder) -> CurveBuilder:
    """Make a curve builder available to recipes under its own name."""
    _BUILDERS[builder.__name__] = builder
    return builder


def build_curve(lr: float, name: str, arguments: Mapping[str, Any]) -> Curve:
    """Build the curve that a recipe's ``curve = { name = …, … }`` describes.

    Args:
        lr: base learning rate ε₀.
        name: a key of ``CURVES``.
        arguments: keyword arguments of that builder.
    """
    return CURVES[name](lr, **arguments)


@register
def ConstantLR(lr: float, /, *, factor: float = 1 / 3, total_iters: float = 5) -> Curve:
    """ε(t) = ε₀ · factor for t < total_iters, ε₀ from there on.

    Args:
        lr: base learning rate ε₀.
        factor: what multiplies ε₀ at the start, in (0, 1]; 1 gives a constant learning rate.
        total_iters: where the factor ends, in epochs.
    """
    _require(0 < factor <= 1, "factor", factor, "must be above 0 and at most 1")
    _require(total_iters >= 0, "total_iters", total_iters, "must not be negative")
    end = exact(total_iters)
    return Curve(
        value=lambda position: lr * factor if position < end else lr,
        knots=lambda stop: [end] if 0 < end < stop else [],
    )


@register
def StepLR(lr: float, /, *, step_size: float, gamma: float = 0.1) -> Curve:
    """ε(t) = ε₀ · gamma^⌊t / step_size⌋.

    Args:
        lr: base learning rate ε₀.
        step_size: distance between two steps, in epochs.
        gamma: what multiplies the learning rate at each step; above 0.
    """
    _require(step_size > 0, "step_size", step_size, "must be above 0")
    _require(gamma > 0, "gamma", gamma, "must be above 0")
    step = exact(step_size)
    return Curve(
        value=lambda position: lr * gamma ** (position // step),
        knots=lambda stop: takewhile(lambda knot: knot < stop, (k * step for k in count(1))),
    )


@register
def MultiStepLR(lr: float, /, *, milestones: Sequence[float], gamma: float = 0.1) -> Curve:
    """ε(t) = ε₀ · gamma^(number of milestones ≤ t).

    Args:
        lr: base learning rate ε₀.
        milestones: where the steps are, in epochs, ascending and inside the run.
        gamma: what multiplies the learning rate at each milestone; above 0.
    """
    ascending = all(a < b for a, b in zip((0, *milestones), milestones, strict=False))
    _require(ascending, "milestones", list(milestones), "must be above 0 and ascending")
    _require(gamma > 0, "gamma", gamma, "must be above 0")
    knots = [exact(milestone) for milestone in milestones]
    return Curve(
        value=lambda position: lr * gamma ** bisect_right(knots, position),
        knots=lambda stop: takewhile(lambda knot: knot < stop, knots),
        last_milestone=knots[-1] if knots else Fraction(0),
    )


def _require(holds: bool, argument: str, value: object, allowed: str) -> None:
    if not holds:
        raise InputError(f"schedule.curve.{argument} = {value}: {allowed}")

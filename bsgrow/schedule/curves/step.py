"""Curves that are constant between milestones."""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

from bsgrow.schedule.curves.curve import (
    Curve,
    before,
    exact,
    multiples,
    power,
    register,
    require,
)


@register
def ConstantLR(lr: float, /, *, factor: float = 1 / 3, total_iters: float = 5) -> Curve:
    """ε(t) = ε₀ · factor for t < total_iters, ε₀ from there on.

    Args:
        lr: base learning rate ε₀.
        factor: what multiplies ε₀ at the start, in (0, 1]; 1 gives a constant learning rate.
        total_iters: where the factor ends; above 0, or any where the factor is 1.
    """
    require(0 < factor <= 1, "factor", factor, "must be above 0 and at most 1")
    require(total_iters >= 0, "total_iters", total_iters, "must not be negative")
    require(
        total_iters > 0 or factor == 1,
        "total_iters",
        total_iters,
        f"must be above 0, as torch never ends the factor {factor:g} then",
        hint="factor = 1.0 is a constant learning rate, without one",
    )
    end = exact(total_iters)
    return Curve(
        value=lambda position: lr * factor if position < end else lr,
        knots=lambda stop: before(stop, [end]),
    )


@register
def StepLR(lr: float, /, *, step_size: float, gamma: float = 0.1) -> Curve:
    """ε(t) = ε₀ · gamma^⌊t / step_size⌋.

    Args:
        lr: base learning rate ε₀.
        step_size: distance between two steps.
        gamma: what multiplies the learning rate at each step; above 0.
    """
    require(step_size > 0, "step_size", step_size, "must be above 0")
    require(gamma > 0, "gamma", gamma, "must be above 0")
    step = exact(step_size)
    return Curve(
        value=lambda position: lr * power(gamma, position // step),
        knots=lambda stop: before(stop, multiples(step)),
        period=step,
    )


@register
def MultiStepLR(lr: float, /, *, milestones: Sequence[float], gamma: float = 0.1) -> Curve:
    """ε(t) = ε₀ · gamma^(number of milestones ≤ t).

    Args:
        lr: base learning rate ε₀.
        milestones: where the steps are, ascending and inside the run.
        gamma: what multiplies the learning rate at each milestone; above 0.
    """
    require_ascending(milestones)
    require(gamma > 0, "gamma", gamma, "must be above 0")
    knots = [exact(milestone) for milestone in milestones]
    return Curve(
        value=lambda position: lr * power(gamma, bisect_right(knots, position)),
        knots=lambda stop: before(stop, knots),
        last_milestone=knots[-1] if knots else Fraction(0),
    )


def require_ascending(milestones: Sequence[float]) -> None:
    """Raise InputError unless milestones are above 0 and strictly ascending."""
    ascending = all(a < b for a, b in zip((0, *milestones), milestones, strict=False))
    require(ascending, "milestones", list(milestones), "must be above 0 and ascending")

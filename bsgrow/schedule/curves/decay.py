"""Curves that move from one value to another along a formula."""

import math
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
def LinearLR(
    lr: float,
    /,
    *,
    start_factor: float = 1 / 3,
    end_factor: float = 1.0,
    total_iters: float = 5,
) -> Curve:
    """ε(t) = ε₀ · (start_factor + (end_factor − start_factor) · min(t / total_iters, 1)).

    Args:
        lr: base learning rate ε₀.
        start_factor: what multiplies ε₀ at the start, in (0, 1].
        end_factor: what multiplies ε₀ from total_iters on, in [0, 1].
        total_iters: where the end is reached; above 0.
    """
    require(0 < start_factor <= 1, "start_factor", start_factor, "must be above 0 and at most 1")
    require(0 <= end_factor <= 1, "end_factor", end_factor, "must be between 0 and 1")
    require(total_iters > 0, "total_iters", total_iters, "must be above 0")
    end = exact(total_iters)

    def value(position: Fraction) -> float:
        return lr * mix(start_factor, end_factor, progress(position, end))

    return Curve(value, lambda stop: before(stop, [end]), smooth=True)


@register
def ExponentialLR(lr: float, /, *, gamma: float) -> Curve:
    """ε(t) = ε₀ · gamma^t.

    Args:
        lr: base learning rate ε₀.
        gamma: what multiplies the learning rate over one unit of position; above 0.
    """
    require(gamma > 0, "gamma", gamma, "must be above 0")
    return Curve(
        value=lambda position: lr * power(gamma, float(position)),
        knots=lambda stop: (),
        smooth=True,
    )


@register
def PolynomialLR(lr: float, /, *, total_iters: float = 5, power: float = 1.0) -> Curve:
    """ε(t) = ε₀ · (1 − min(t / total_iters, 1))^power.

    Args:
        lr: base learning rate ε₀.
        total_iters: where the learning rate reaches 0; above 0.
        power: the degree of the polynomial; above 0.
    """
    require(total_iters > 0, "total_iters", total_iters, "must be above 0")
    require(power > 0, "power", power, "must be above 0")
    end = exact(total_iters)

    def value(position: Fraction) -> float:
        return lr * math.pow(max(1 - position / end, Fraction(0)), power)

    return Curve(value, lambda stop: before(stop, [end]), smooth=True)


@register
def CosineAnnealingLR(lr: float, /, *, T_max: float, eta_min: float = 0.0) -> Curve:
    """ε(t) = eta_min + (ε₀ − eta_min) · (1 + cos(π · t / T_max)) / 2.

    Past T_max it rises again, as torch's does; beside other curves in a ChainedScheduler the run
    must not be longer than T_max.

    Args:
        lr: base learning rate ε₀.
        T_max: half a period: where eta_min is reached; above 0.
        eta_min: the lowest learning rate; not negative.

    Source:
        SGDR, arXiv 1608.03983, equation 5, without restarts.
    """
    require(T_max > 0, "T_max", T_max, "must be above 0")
    require(eta_min >= 0, "eta_min", eta_min, "must not be negative")
    half = exact(T_max)
    return Curve(
        value=lambda position: mix(eta_min, lr, half_cosine(position / half)),
        knots=lambda stop: before(stop, multiples(half)),
        period=half,
        smooth=True,
        chainable=eta_min == 0,  # torch's recursion with a floor is no product
        factor_until=half,  # and past T_max it adds
    )


def progress(position: Fraction, end: Fraction) -> float:
    """Return position / end, at most 1."""
    return float(min(position / end, Fraction(1)))


def mix(start: float, end: float, weight: float) -> float:
    """Return start + (end − start) · weight, exact at both ends and where they are equal."""
    return start if start == end else start * (1 - weight) + end * weight


def half_cosine(phase: Fraction) -> float:
    """Return (1 + cos(π · phase)) / 2, to full relative precision near its zeros."""
    return math.sin(math.pi / 2 * float(1 - phase % 2)) ** 2

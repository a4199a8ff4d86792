"""Curves that rise and fall again."""

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import count
from typing import Literal

from bsgrow.schedule.curves.curve import (
    Curve,
    before,
    exact,
    power,
    register,
    require,
    require_one_of,
)
from bsgrow.schedule.curves.decay import half_cosine, mix


@register
def CosineAnnealingWarmRestarts(
    lr: float, /, *, T_0: float, T_mult: int = 1, eta_min: float = 0.0
) -> Curve:
    """ε(t) = eta_min + (ε₀ − eta_min) · (1 + cos(π · T_cur / T_i)) / 2.

    T_cur is the distance to the last restart, T_i = T_0 · T_mult^i the length of its period.

    Args:
        lr: base learning rate ε₀.
        T_0: length of the first period; above 0.
        T_mult: what multiplies the length after each restart; at least 1.
        eta_min: the lowest learning rate; not negative.

    Source:
        SGDR, arXiv 1608.03983, equation 5.
    """
    require(T_0 > 0, "T_0", T_0, "must be above 0")
    require(T_mult >= 1, "T_mult", T_mult, "must be a whole number of at least 1")
    require(eta_min >= 0, "eta_min", eta_min, "must not be negative")
    first = exact(T_0)

    def value(position: Fraction) -> float:
        start, length = _period(position, first, T_mult)
        return mix(eta_min, lr, half_cosine((position - start) / length))

    def knots(stop: Fraction) -> Iterable[Fraction]:
        return before(stop, _restarts(first, T_mult))

    period = first if T_mult == 1 else None
    return Curve(value, knots, smooth=True, chainable=False, period=period)


@register
def CyclicLR(
    lr: float,
    /,
    *,
    base_lr: float,
    max_lr: float,
    step_size_up: float = 2000,
    step_size_down: float | None = None,
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
    gamma: float = 1.0,
    cycle_momentum: bool = False,
) -> Curve:
    """ε(t) = base_lr + (max_lr − base_lr) · triangle(t) · scale(t).

    The triangle rises from 0 to 1 over step_size_up and falls over step_size_down; the scale is
    1, 1 / 2^(cycle − 1) with cycles counted from 1, or gamma^t.

    Args:
        lr: not used, as in torch, where base_lr takes its place.
        base_lr: the learning rate between two triangles; not negative.
        max_lr: the learning rate at the top of the first triangle; not below base_lr.
        step_size_up: length of the rising half; above 0.
        step_size_down: length of the falling half; that of the rising one where absent.
        mode: which of the three scales.
        gamma: base of the ``exp_range`` scale; above 0.
        cycle_momentum: false, other than torch's default: a plan sets the momentum itself.

    Source:
        arXiv 1506.01186.
    """
    down = step_size_up if step_size_down is None else step_size_down
    _require_rising(base_lr, max_lr)
    require(step_size_up > 0, "step_size_up", step_size_up, "must be above 0")
    require(down > 0, "step_size_down", down, "must be above 0")
    require_one_of("mode", mode, _SCALES)
    require(gamma > 0, "gamma", gamma, "must be above 0")
    require_plan_momentum(cycle_momentum)
    rise, length, scale = exact(step_size_up), exact(step_size_up) + exact(down), _SCALES[mode]

    def value(position: Fraction) -> float:
        height = _triangle(position % length, rise, length) * scale(gamma, position, length)
        return mix(base_lr, max_lr, height)

    turns = gamma if mode == "exp_range" else 1.0

    return Curve(
        value,
        lambda stop: before(stop, _triangle_knots(rise, length, turns)),
        smooth=True,
        chainable=False,
        period=length,
    )


_SCALES: dict[str, Callable[[float, Fraction, Fraction], float]] = {
    "triangular": lambda gamma, position, length: 1.0,
    "triangular2": lambda gamma, position, length: 0.5 ** (position // length),
    "exp_range": lambda gamma, position, length: power(gamma, float(position)),
}


def require_plan_momentum(cycle_momentum: bool) -> None:
    """Raise InputError where a curve is to move the momentum, which is the plan's to set."""
    require(
        not cycle_momentum,
        "cycle_momentum",
        "true",
        "the plan sets the momentum, as growth.momentum says; leave it out",
    )


def _require_rising(base_lr: float, max_lr: float) -> None:
    require(base_lr >= 0, "base_lr", base_lr, "must not be negative")
    require(max_lr >= base_lr, "max_lr", max_lr, f"must be at least base_lr = {base_lr}")


def _triangle(within: Fraction, rise: Fraction, length: Fraction) -> float:
    """Return 0 at the start of a triangle, 1 at its top after rise, 0 at its end."""
    return float(within / rise if within <= rise else (length - within) / (length - rise))


def _restarts(first: Fraction, factor: int) -> Iterator[Fraction]:
    start, length = Fraction(0), first
    while True:
        start, length = start + length, length * factor
        yield start


def _period(position: Fraction, first: Fraction, factor: int) -> tuple[Fraction, Fraction]:
    """Return start and length of the period that holds a position."""
    if factor == 1:
        return position // first * first, first
    lengths = math.floor(1 + position * (factor - 1) / first)  # factor^i at the start of period i
    i = int(math.log(lengths) / math.log(factor))
    i += (factor ** (i + 1) <= lengths) - (factor**i > lengths)  # where the logarithm is rounded
    return first * (factor**i - 1) / (factor - 1), first * factor**i


def _triangle_knots(rise: Fraction, length: Fraction, gamma: float) -> Iterator[Fraction]:
    """Yield foot and top of each triangle, and where gamma^t turns one of its sides.

    (t − a) · gamma^t has its only extremum at t = a − 1 / ln gamma.
    """
    reach = Fraction(abs(1 / math.log(gamma))) if gamma != 1 else length
    for k in count():
        start, stop = k * length, (k + 1) * length
        if gamma < 1 and reach < rise:
            yield start + reach
        yield start + rise
        if gamma > 1 and reach < length - rise:
            yield stop - reach
        yield stop

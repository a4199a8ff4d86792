"""Curves that rise and fall again."""

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import count, pairwise
from typing import Literal

from bsgrow.errors import InputError
from bsgrow.schedule.curves.curve import Curve, before, exact, power, register, require
from bsgrow.schedule.curves.decay import half_cosine, mix

_NO_CYCLED_MOMENTUM = "the plan sets the momentum, as growth.momentum says; leave it out"


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

    return Curve(value, knots, smooth=True, chainable=False)


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
    require(base_lr >= 0, "base_lr", base_lr, "must not be negative")
    require(max_lr >= base_lr, "max_lr", max_lr, f"must be at least base_lr = {base_lr}")
    require(step_size_up > 0, "step_size_up", step_size_up, "must be above 0")
    require(down > 0, "step_size_down", down, "must be above 0")
    require(mode in _SCALES, "mode", mode, f"must be one of {', '.join(_SCALES)}")
    require(gamma > 0, "gamma", gamma, "must be above 0")
    require(not cycle_momentum, "cycle_momentum", "true", _NO_CYCLED_MOMENTUM)
    rise, length = exact(step_size_up), exact(step_size_up) + exact(down)
    scale = _SCALES[mode]

    def value(position: Fraction) -> float:
        within = position % length
        height = within / rise if within <= rise else (length - within) / (length - rise)
        return mix(base_lr, max_lr, float(height) * scale(gamma, position, length))

    turns = gamma if mode == "exp_range" else 1.0
    return Curve(
        value,
        lambda stop: before(stop, _triangle_knots(rise, length, turns)),
        smooth=True,
        chainable=False,
    )


@register
def OneCycleLR(
    lr: float,
    /,
    *,
    max_lr: float,
    total_steps: int | None = None,
    epochs: int | None = None,
    steps_per_epoch: int | None = None,
    pct_start: float = 0.3,
    anneal_strategy: Literal["cos", "linear"] = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
    cycle_momentum: bool = False,
) -> Curve:
    """From max_lr / div_factor up to max_lr, then down to max_lr / (div_factor · final_div_factor).

    The top is at pct_start · total_steps − 1 and the end at total_steps − 1, as in torch; with
    three_phase the learning rate falls back to where it began in as long a time as it rose.

    Args:
        lr: not used, as in torch, where max_lr takes its place.
        max_lr: the learning rate at the top; above 0.
        total_steps: length of the cycle; the run must not be longer.
        epochs: with steps_per_epoch, what total_steps is the product of.
        steps_per_epoch: see epochs.
        pct_start: the part of the cycle that rises, in [0, 1].
        anneal_strategy: ``cos`` or ``linear`` between start, top and end.
        div_factor: max_lr divided by the first learning rate; above 0.
        final_div_factor: the first learning rate divided by the last one; above 0.
        three_phase: whether a phase of its own goes from the first learning rate to the last.
        cycle_momentum: false, other than torch's default: a plan sets the momentum itself.

    Source:
        arXiv 1708.07120.
    """
    total = _total_steps(total_steps, epochs, steps_per_epoch)
    require(max_lr > 0, "max_lr", max_lr, "must be above 0")
    require(0 <= pct_start <= 1, "pct_start", pct_start, "must be between 0 and 1")
    require(
        anneal_strategy in _ANNEAL, "anneal_strategy", anneal_strategy, 'must be "cos" or "linear"'
    )
    require(div_factor > 0, "div_factor", div_factor, "must be above 0")
    require(final_div_factor > 0, "final_div_factor", final_div_factor, "must be above 0")
    require(not cycle_momentum, "cycle_momentum", "true", _NO_CYCLED_MOMENTUM)
    first, top = max_lr / div_factor, exact(pct_start) * total - 1
    lrs = [first, max_lr, *([first] if three_phase else []), first / final_div_factor]
    ends = [Fraction(0), top, *([2 * top] if three_phase else []), Fraction(total - 1)]
    _require_lengths(ends, pct_start)
    anneal = _ANNEAL[anneal_strategy]

    def value(position: Fraction) -> float:
        i = next((i for i in range(1, len(ends)) if position <= ends[i]), len(ends) - 1)
        done = (position - ends[i - 1]) / (ends[i] - ends[i - 1])
        return mix(lrs[i - 1], lrs[i], anneal(done))

    return Curve(
        value,
        lambda stop: before(stop, ends[1:]),
        smooth=True,
        chainable=False,
        stop=Fraction(total),
    )


_SCALES: dict[str, Callable[[float, Fraction, Fraction], float]] = {
    "triangular": lambda gamma, position, length: 1.0,
    "triangular2": lambda gamma, position, length: 0.5 ** (position // length),
    "exp_range": lambda gamma, position, length: power(gamma, float(position)),
}
_ANNEAL: dict[str, Callable[[Fraction], float]] = {
    "cos": lambda done: 1 - half_cosine(done),
    "linear": float,
}


def _restarts(first: Fraction, factor: int) -> Iterator[Fraction]:
    start, length = Fraction(0), first
    while True:
        start, length = start + length, length * factor
        yield start


def _period(position: Fraction, first: Fraction, factor: int) -> tuple[Fraction, Fraction]:
    """Return start and length of the period that holds a position."""
    if factor == 1:
        return position // first * first, first
    start, length = Fraction(0), first
    while position >= start + length:
        start, length = start + length, length * factor
    return start, length


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


def _total_steps(total: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total is None and epochs is not None and steps_per_epoch is not None:
        total = epochs * steps_per_epoch
    if total is None:
        raise InputError("schedule.curve.total_steps: is missing, OneCycleLR needs it")
    require(total > 1, "total_steps", total, "must be above 1")
    return total


def _require_lengths(ends: list[Fraction], pct_start: float) -> None:
    """A phase before the start is skipped, as in torch; one of no length has no formula."""
    ascending = ends[1] < 0 or all(a < b for a, b in pairwise(ends))
    require(
        ascending and ends[-2] < ends[-1],
        "pct_start",
        pct_start,
        "leaves a phase of the cycle no length",
    )

"""Warm-up in front of a curve, and the curves that begin with one."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Literal

from bsgrow.schedule.curves.composite import product, sequence
from bsgrow.schedule.curves.curve import (
    Curve,
    before,
    build_curve,
    exact,
    register,
    require,
    require_one_of,
)
from bsgrow.schedule.curves.decay import half_cosine, mix, progress


@register
def LinearWarmup(
    lr: float,
    /,
    *,
    curve: Mapping[str, Any],
    total_iters: float,
    start_factor: float = 0.0,
    shift: bool = True,
) -> Curve:
    """A rise from start_factor · ε₀ to ε₀ over total_iters, in front of any curve.

    With shift the curve begins where the warm-up ends: ε(t) = curve(t − total_iters). Without,
    its positions stay as written and the warm-up multiplies it: ε(t) = curve(t) · ramp(t),
    as in arXiv 1706.02677.

    Args:
        lr: base learning rate ε₀.
        curve: the curve after the warm-up, name and arguments.
        total_iters: length of the warm-up; above 0.
        start_factor: where it begins, in [0, 1).
        shift: whether the curve begins after the warm-up, or under it.
    """
    require(0 <= start_factor < 1, "start_factor", start_factor, "must be in [0, 1)")
    require(total_iters > 0, "total_iters", total_iters, "must be above 0")
    inner, end = build_curve(lr, curve), exact(total_iters)
    if shift:
        return sequence([_ramp(lr, start_factor, end), inner], [end])
    return product(1.0, [_ramp(1.0, start_factor, end), inner])


@register
def WarmupStableDecay(
    lr: float,
    /,
    *,
    warmup: float,
    stable: float,
    decay: float,
    decay_type: Literal["linear", "cosine", "1-sqrt"] = "linear",
    min_lr_ratio: float = 0.0,
) -> Curve:
    """A linear rise from 0 over warmup, ε₀ over stable, a fall to min_lr_ratio · ε₀ over decay.

    With x = (t − warmup − stable) / decay, the fall goes along 1 − x, (1 + cos πx) / 2 or
    1 − √x; past the end the learning rate stays.

    Args:
        lr: base learning rate ε₀.
        warmup: length of the rise; 0 for none.
        stable: length at ε₀; 0 for none.
        decay: length of the fall; above 0.
        decay_type: shape of the fall.
        min_lr_ratio: where it ends, in [0, 1].

    Source:
        MiniCPM, arXiv 2404.06395, section 4; ``1-sqrt`` is arXiv 2405.18392.
    """
    require(warmup >= 0, "warmup", warmup, "must not be negative")
    require(stable >= 0, "stable", stable, "must not be negative")
    require(decay > 0, "decay", decay, "must be above 0")
    require_one_of("decay_type", decay_type, _FALLS)
    require(0 <= min_lr_ratio <= 1, "min_lr_ratio", min_lr_ratio, "must be between 0 and 1")
    rise, hold, length, fall = exact(warmup), exact(stable), exact(decay), _FALLS[decay_type]

    def value(position: Fraction) -> float:
        if position < rise:
            return lr * float(position / rise)
        done = min(max(position - rise - hold, Fraction(0)) / length, Fraction(1))
        return lr * mix(min_lr_ratio, 1.0, fall(done))

    ends = sorted({rise, rise + hold, rise + hold + length})
    return Curve(value, lambda stop: before(stop, ends), smooth=True, chainable=False)


@register
def InverseSqrtLR(lr: float, /, *, warmup: float, timescale: float | None = None) -> Curve:
    """ε(t) = ε₀ · t / warmup, then ε₀ · √(timescale / (t − warmup + timescale)).

    Args:
        lr: base learning rate ε₀, reached at the end of the warm-up.
        warmup: length of the linear rise from 0; above 0 unless timescale is given.
        timescale: how slowly the fall sets in; warmup where absent, which gives ε₀ √(warmup / t).

    Source:
        arXiv 1706.03762, section 5.3.
    """
    scale = warmup if timescale is None else timescale
    require(warmup >= 0, "warmup", warmup, "must not be negative")
    require(scale > 0, "timescale", scale, "must be above 0; it is warmup where absent")
    rise, slow = exact(warmup), exact(scale)

    def value(position: Fraction) -> float:
        if position < rise:
            return lr * float(position / rise)
        return lr * math.sqrt(slow / (position - rise + slow))

    return Curve(value, lambda stop: before(stop, [rise]), smooth=True, chainable=False)


_FALLS: dict[str, Callable[[Fraction], float]] = {
    "linear": lambda done: float(1 - done),
    "cosine": half_cosine,
    "1-sqrt": lambda done: 1 - float(done) ** 0.5,
}


def _ramp(lr: float, start_factor: float, end: Fraction) -> Curve:
    """LinearLR to 1, which may begin at 0."""
    return Curve(
        value=lambda position: lr * mix(start_factor, 1.0, progress(position, end)),
        knots=lambda stop: before(stop, [end]),
        smooth=True,
    )

"""A learning rate written down point by point."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from math import isfinite
from typing import Literal

from bsgrow.schedule.curves.curve import Curve, before, exact, register, require, require_one_of
from bsgrow.schedule.curves.decay import mix


@register
def TableLR(
    lr: float,
    /,
    *,
    positions: Sequence[float],
    lrs: Sequence[float],
    interpolation: Literal["step", "linear"] = "step",
) -> Curve:
    """ε(t) = lrs[i] for positions[i] ≤ t, or the straight line from there to the next point.

    Args:
        lr: not used; the table holds learning rates, not factors.
        positions: where each learning rate begins, ascending from 0.
        lrs: the learning rates, not negative, one for each position.
        interpolation: ``step`` holds each until the next, ``linear`` joins them.
    """
    require_one_of("interpolation", interpolation, ("step", "linear"))
    _require_points(positions, lrs)
    points = [exact(position) for position in positions]
    smooth = interpolation == "linear"
    value = _linear(points, lrs) if smooth else _step(points, lrs)
    return Curve(value, lambda stop: before(stop, points), smooth=smooth, chainable=False)


def _require_points(positions: Sequence[float], lrs: Sequence[float]) -> None:
    begins = len(positions) > 0 and positions[0] == 0
    require(begins, "positions", _short(positions), "must begin at 0")
    ascending = all(a < b for a, b in pairwise(positions))
    require(ascending, "positions", _short(positions), "must be ascending")
    require(len(lrs) == len(positions), "lrs", _short(lrs), f"needs {len(positions)} values")
    require(all(x >= 0 and isfinite(x) for x in lrs), "lrs", _short(lrs), "must not be negative")


def _step(points: Sequence[Fraction], lrs: Sequence[float]) -> Callable[[Fraction], float]:
    place = _lookup(points)
    return lambda position: lrs[place(position)]


def _linear(points: Sequence[Fraction], lrs: Sequence[float]) -> Callable[[Fraction], float]:
    place = _lookup(points)

    def value(position: Fraction) -> float:
        i = place(position)
        if i + 1 == len(points):
            return lrs[i]
        done = float(position - points[i]) / float(points[i + 1] - points[i])
        return mix(lrs[i], lrs[i + 1], done)

    return value


def _lookup(points: Sequence[Fraction]) -> Callable[[Fraction], int]:
    """Return what finds the last point at or before a position, by floats and then exactly."""
    rounded = [float(point) for point in points]

    def place(position: Fraction) -> int:
        i = bisect_right(rounded, float(position)) - 1
        while i + 1 < len(points) and points[i + 1] <= position:
            i += 1
        while points[i] > position:
            i -= 1
        return i

    return place


def _short(values: Sequence[float]) -> str:
    return str(list(values)) if len(values) < 8 else f"[{values[0]}, …, {values[-1]}]"

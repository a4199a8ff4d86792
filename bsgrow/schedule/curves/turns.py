"""Where a function turns that is smooth over an interval and known by its values alone."""

from collections.abc import Callable, Iterator
from fractions import Fraction

_Function = Callable[[Fraction], float]

_CELLS = 16  # of equal length
_END_CELLS = 24  # toward each end, each a quarter of the one before
_SAME = 1e-13  # relative; a smaller difference may be rounding
_REFINEMENTS = 80  # thirds: a bracket shrinks below the spacing of floats


def _grid() -> list[Fraction]:
    """Return the parts of an interval where a function is looked at, finest toward its ends."""
    ends = [Fraction(1, 4**k) for k in range(1, _END_CELLS + 1)]
    equal = [Fraction(i, _CELLS) for i in range(1, _CELLS)]
    return sorted({Fraction(0), *ends, *equal, *(1 - part for part in ends)})


_GRID = _grid()


def turning_points(value: _Function, start: Fraction, stop: Fraction) -> Iterator[Fraction]:
    """Yield where a function that is smooth on [start, stop) turns, in order.

    The logarithm of every curve that torch chains is concave between its knots, and so is that
    of their product: it turns once at most, and then the highest point of any grid has the turn
    beside it. The grid narrows toward both ends, as the turn of a short rise beside a long fall
    lies there, down to 4^−24 of the interval; the value at stop itself is the one after a jump.
    """
    points = [start + (stop - start) * part for part in _GRID]
    distinct = _distinct([(point, value(point)) for point in points])
    for before, here, after in zip(distinct, distinct[1:], distinct[2:], strict=False):
        rises, rises_next = before[1] < here[1], here[1] < after[1]
        if rises != rises_next:
            yield _extremum(value, before[0], after[0], 1.0 if rises else -1.0)


def _distinct(points: list[tuple[Fraction, float]]) -> list[tuple[Fraction, float]]:
    """Leave out the points whose value is that of the one kept before."""
    kept = points[:1]
    for point in points[1:]:
        if abs(point[1] - kept[-1][1]) > _SAME * max(point[1], kept[-1][1]):
            kept.append(point)
    return kept


def _extremum(value: _Function, low: Fraction, high: Fraction, sign: float) -> Fraction:
    """Return the maximum (sign 1) or minimum (sign −1) between two positions."""
    for _ in range(_REFINEMENTS):
        third = Fraction(float(high - low)) / 3
        left, right = low + third, high - third
        if sign * value(left) < sign * value(right):
            low = Fraction(float(left))
        else:
            high = Fraction(float(right))
    return low

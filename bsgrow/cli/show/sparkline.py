"""A curve in one line of characters."""

import math
from collections.abc import Iterable, Sequence
from statistics import fmean

from bsgrow.reporting.run_curves import Curve, Point

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN = "_.-:=+*#"
"""Instead of blocks, where an output cannot have them."""


def levels_for(encoding: str | None) -> str:
    """Return the characters for the levels of a curve that an output's encoding has."""
    try:
        BLOCKS.encode(encoding or "ascii")
    except (UnicodeError, LookupError):
        return PLAIN
    return BLOCKS


def sparkline(
    curve: Curve,
    num_total_samples: int,
    width: int,
    levels: str = BLOCKS,
    limits: tuple[float, float] | None = None,
) -> str:
    """Return a curve as a line of characters, the whole run its width.

    Each character is the mean over its part of the samples, and between two points it is as
    before; what is not reached yet is blank.

    Args:
        curve: to draw.
        num_total_samples: of the run.
        width: characters.
        levels: the characters from the lowest value to the highest.
        limits: of the scale, as ``limits_of`` gives them; those of the curve where absent.
    """
    points = _finite(curve)
    if not points:
        return " " * width
    low, high = limits or limits_of([curve])
    means = _means(points, num_total_samples, width)
    top = len(levels) - 1
    span = high - low or 1.0
    steps = (round(top * (x - low) / span) for x in means)
    return "".join(levels[min(max(step, 0), top)] for step in steps).ljust(width)


def limits_of(curves: Iterable[Curve]) -> tuple[float, float]:
    """Return the least and the largest value, on the scale that curves are drawn on."""
    values = [value for curve in curves for _, value in _finite(curve)]
    return (min(values), max(values)) if values else (0.0, 0.0)


def _finite(curve: Curve) -> list[Point]:
    """Return the points that can be drawn, their values on the scale of the curve."""
    if not curve.log:
        return [(x, y) for x, y in curve.points if math.isfinite(y)]
    return [(x, math.log(y)) for x, y in curve.points if math.isfinite(y) and y > 0]


def _means(points: Sequence[Point], num_total_samples: int, width: int) -> list[float]:
    """Return the mean of each character's points, up to the last one that has any."""
    parts: list[list[float]] = [[] for _ in range(width)]
    for sample, value in points:
        part = math.ceil(width * sample / max(num_total_samples, 1)) - 1
        parts[min(max(part, 0), width - 1)].append(value)
    means: list[float] = []
    last = points[0][1]
    for within in parts[: 1 + max(at for at, values in enumerate(parts) if values)]:
        means.append(fmean(within) if within else last)
        last = within[-1] if within else last
    return means

"""What a curve is, and the names that recipes call curves by."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, takewhile
from typing import Any

from bsgrow.errors import InputError
from bsgrow.validation.registry import Registry

CurveBuilder = Callable[..., "Curve"]
CURVES: Registry[CurveBuilder] = Registry("curve")

ENDS = (
    "a OneCycleLR ends at its total_steps; a CosineAnnealingLR beside others in a "
    "ChainedScheduler at its T_max, past which torch's is no product"
)


@dataclass(frozen=True)
class Curve:
    """A learning rate over the run; between two knots it is continuous and monotone.

    Attributes:
        value: position (exact, in the unit of the schedule) to learning rate; the value at a
            knot is the one after it.
        knots: the end of the run to the positions before it, ascending, where the value jumps,
            turns or changes its formula.
        smooth: whether the value moves between knots; a step curve is constant there.
        chainable: whether torch multiplies it with others in a ``ChainedScheduler``.
        factor_until: up to where a ``ChainedScheduler`` of several curves multiplies it; None where
            it always does.
        last_milestone: the last position that the user wrote; it must lie inside the run.
        stop: where the curve ends; a run must not be longer. None where it never does.
        period: a distance within which there is always a knot; None where there is none such.
    """

    value: Callable[[Fraction], float]
    knots: Callable[[Fraction], Iterable[Fraction]]
    smooth: bool = False
    chainable: bool = True
    factor_until: Fraction | None = None
    last_milestone: Fraction = Fraction(0)
    stop: Fraction | None = None
    period: Fraction | None = None


def exact(number: float) -> Fraction:
    """Return the decimal number that a user wrote: 0.1 is one tenth, not its binary neighbour."""
    return Fraction(number) if isinstance(number, int) else Fraction(str(number))


def register(builder: CurveBuilder) -> CurveBuilder:
    """Make a curve builder available to recipes under its own name."""
    return CURVES.register(builder.__name__, builder)


def build_curve(lr: float, curve: Mapping[str, Any]) -> Curve:
    """Build the curve that a recipe's ``curve = { name = …, … }`` describes.

    Args:
        lr: base learning rate ε₀.
        curve: ``name``, a key of ``CURVES``, and the keyword arguments of that builder.

    Raises:
        InputError: there is no such curve, or a value is out of range; the names and types of
            arguments are checked where a recipe is read.
    """
    name = curve.get("name", "")
    builder = CURVES.find(name, f"schedule.curve.name = {name!r}")
    arguments = {key: value for key, value in curve.items() if key != "name"}
    for key, value in arguments.items():
        for number in value if isinstance(value, list | tuple) else [value]:
            finite = not isinstance(number, float) or math.isfinite(number)
            require(finite, key, number, "must be finite")
    return builder(lr, **arguments)


def before(stop: Fraction, positions: Iterable[Fraction]) -> Iterable[Fraction]:
    """Return the leading ones of ascending positions that lie inside (0, stop)."""
    return (p for p in takewhile(lambda position: position < stop, positions) if p > 0)


def power(base: float, exponent: float) -> float:
    """Return base ** exponent; infinity where it overflows, which no plan accepts."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf


def multiples(step: Fraction) -> Iterable[Fraction]:
    """Return step, 2 · step, 3 · step, … without end."""
    return (k * step for k in count(1))


def require(
    holds: bool, argument: str, value: object, allowed: str, *, hint: str | None = None
) -> None:
    """Raise InputError, naming argument and value, unless the condition holds."""
    if not holds:
        raise InputError(f"schedule.curve.{argument} = {value}: {allowed}", hint)


def require_one_of(argument: str, value: str, allowed: Iterable[str]) -> None:
    """Raise InputError, naming argument and value, unless the value is an allowed one."""
    names = list(allowed)
    require(value in names, argument, value, f"must be one of {', '.join(names)}")

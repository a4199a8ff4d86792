"""What a curve is, and the names that recipes call curves by."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from inspect import Parameter, signature
from itertools import count, takewhile
from types import MappingProxyType
from typing import Any

from bsgrow.errors import InputError, did_you_mean

CurveBuilder = Callable[..., "Curve"]
_BUILDERS: dict[str, CurveBuilder] = {}
CURVES: Mapping[str, CurveBuilder] = MappingProxyType(_BUILDERS)


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
        last_milestone: the last position that the user wrote; it must lie inside the run.
        stop: where the curve ends; a run must not be longer. None where it never does.
    """

    value: Callable[[Fraction], float]
    knots: Callable[[Fraction], Iterable[Fraction]]
    smooth: bool = False
    chainable: bool = True
    last_milestone: Fraction = Fraction(0)
    stop: Fraction | None = None


def exact(number: float) -> Fraction:
    """Return the decimal number that a user wrote: 0.1 is one tenth, not its binary neighbour."""
    return Fraction(number) if isinstance(number, int) else Fraction(str(number))


def register(builder: CurveBuilder) -> CurveBuilder:
    """Make a curve builder available to recipes under its own name."""
    _BUILDERS[builder.__name__] = builder
    return builder


def argument_names(name: str) -> set[str]:
    """Return the keyword arguments that a curve of that name takes."""
    return {parameter.name for parameter in _arguments(name)}


def build_curve(lr: float, curve: Mapping[str, Any]) -> Curve:
    """Build the curve that a recipe's ``curve = { name = …, … }`` describes.

    Args:
        lr: base learning rate ε₀.
        curve: ``name``, a key of ``CURVES``, and the keyword arguments of that builder.

    Raises:
        InputError: no such curve or argument, one is missing, or a value is out of range.
    """
    check_arguments(curve)
    return CURVES[curve["name"]](lr, **{k: v for k, v in curve.items() if k != "name"})


def check_arguments(curve: Mapping[str, Any]) -> None:
    """Raise InputError unless a curve's name is known and its arguments are those it takes."""
    name = str(curve.get("name"))
    if name not in CURVES:
        raise InputError(
            f"schedule.curve.name = {name!r}: no such curve", did_you_mean(name, CURVES)
        )
    for key in curve.keys() - argument_names(name) - {"name"}:
        raise InputError(
            f"schedule.curve.{key} = {curve[key]!r}: {name} has no such argument",
            did_you_mean(key, argument_names(name)),
        )
    for parameter in _arguments(name):
        if parameter.default is Parameter.empty and parameter.name not in curve:
            raise InputError(f"schedule.curve.{parameter.name}: is missing, {name} needs it")


def nested(lr: float, key: str, curve: Mapping[str, Any]) -> Curve:
    """Build a curve inside another; errors name it by its key, such as ``schedulers[0]``."""
    try:
        return build_curve(lr, curve)
    except InputError as error:
        message = error.message.replace("schedule.curve", f"schedule.curve.{key}", 1)
        raise InputError(message, error.hint) from error


def before(stop: Fraction, positions: Iterable[Fraction]) -> Iterable[Fraction]:
    """Return the leading ones of ascending positions that lie inside (0, stop)."""
    return (p for p in takewhile(lambda position: position < stop, positions) if p > 0)


def multiples(step: Fraction) -> Iterable[Fraction]:
    """Return step, 2 · step, 3 · step, … without end."""
    return (k * step for k in count(1))


def require(holds: bool, argument: str, value: object, allowed: str) -> None:
    """Raise InputError, naming argument and value, unless the condition holds."""
    if not holds:
        raise InputError(f"schedule.curve.{argument} = {value}: {allowed}")


def _arguments(name: str) -> list[Parameter]:
    parameters = signature(CURVES[name]).parameters.values()
    return [parameter for parameter in parameters if parameter.kind is Parameter.KEYWORD_ONLY]

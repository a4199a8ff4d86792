"""What values of a plan's settings are, where they come from Python and no recipe has been read."""

from collections.abc import Mapping, Sequence
from numbers import Integral, Real

from bsgrow.errors import InputError, did_you_mean
from bsgrow.text.printable import shown


def require_real(key: str, value: object) -> None:
    """Raise InputError unless it is a number."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise InputError(f"{key} = {shown(value)}: must be a number")


def require_integer(key: str, value: object) -> None:
    """Raise InputError unless it is a whole number."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise InputError(f"{key} = {shown(value)}: must be a whole number")


def require_one_of(key: str, value: object, allowed: Sequence[str]) -> None:
    """Raise InputError unless it is one of some names."""
    if value not in allowed:
        raise InputError(
            f"{key} = {shown(value)}: must be one of {', '.join(allowed)}",
            hint=did_you_mean(value, allowed),
        )


def require_table(key: str, value: object) -> None:
    """Raise InputError unless it is a mapping."""
    if not isinstance(value, Mapping):
        raise InputError(
            f"{key} = {shown(value)}: must be a table with a name and its arguments",
            hint='{"name": "MultiStepLR", "milestones": [60, 120], "gamma": 0.2}',
        )


def require_kind(name: str, value: object, kind: type) -> None:
    """Raise InputError unless an argument is of a class."""
    if not isinstance(value, kind):
        raise InputError(f"{name}: expected a {kind.__name__}, got {type(value).__name__}")

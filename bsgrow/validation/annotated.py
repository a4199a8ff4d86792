"""Checks what Python is given against the annotations of what takes it; needs no library."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, wraps
from inspect import signature
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any, ParamSpec, TypeVar, get_type_hints

from bsgrow.errors import InputError, did_you_mean
from bsgrow.text.printable import shown
from bsgrow.validation.documentation import argument_hint
from bsgrow.validation.kinds import ANYTHING, WRONG, Kind, kind_of

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Class = TypeVar("Class", bound=type)


def checked(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Let a function refuse what is not of its annotations, and say of an argument what it is.

    It is given numbers of NumPy's as Python's, and iterables as lists. Raises InputError, which
    names the argument and its value; the hint is what is documented of the argument, also where
    the function itself refuses it and says no more.
    """
    return _checked(function, "", {})


def checked_class(table: str = "", **keys: str) -> Callable[[Class], Class]:
    """Return what lets a class refuse arguments as ``checked`` does.

    Args:
        table: what its errors name before each argument, such as ``growth.``.
        **keys: what they call an argument that is of no such table.
    """

    def decorate(cls: Class) -> Class:
        name = "__init__" if "__init__" in vars(cls) else "__new__"
        call = _checked(getattr(cls, name), table, keys)
        type.__setattr__(cls, name, staticmethod(call) if name == "__new__" else call)
        return cls

    return decorate


def check_arguments(function: Callable[..., object], written: dict[str, Any], owner: str) -> None:
    """Check keyword arguments for a function of others; raises InputError.

    Args:
        function: annotated.
        written: what a user gives it.
        owner: whose they are, for the error.
    """
    allowed, kinds = signature(function).parameters.keys() - {"self"}, _kinds(function)
    for name, value in written.items():
        if name not in allowed:
            message = f"{name} = {shown(value)}: {owner} has no such argument"
            raise InputError(message, did_you_mean(name, allowed))
        try:
            _taken(kinds.get(name, ANYTHING), name, value)
        except InputError as error:
            error.hint = error.hint or f"help({owner}) says what it is"
            raise


def _checked(
    function: Callable[Parameters, Result], table: str, keys: Mapping[str, str]
) -> Callable[Parameters, Result]:
    def take(name: str, value: object) -> Any:
        return _taken(_kinds(function).get(name, ANYTHING), keys.get(name, table + name), value)

    @wraps(function)
    def call(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            names = chain(_names(function), repeat(""))  # of what goes into *args
            given: Any = [take(*each) for each in zip(names, args, strict=False)]
            named: Any = {name: take(name, value) for name, value in kwargs.items()}
            return function(*given, **named)
        except InputError as error:
            if error.hint is None:
                error.hint = argument_hint(_documented(function, args), error.message, table)
            raise

    return call


def _taken(kind: Kind, key: str, value: object) -> Any:
    taken = kind.take(value)
    if taken is WRONG:
        raise InputError(f"{key} = {shown(value)}: must be {kind.words}", _nearest(kind, value))
    return taken


def _nearest(kind: Kind, value: object) -> str | None:
    choices = kind.words.removeprefix("one of ")
    is_name = isinstance(value, str) and choices != kind.words
    return did_you_mean(value, choices.split(", ")) if is_name else None


@cache
def _kinds(function: Callable[..., object]) -> dict[str, Kind]:
    """Return what each argument takes, found when a function is first called."""
    gathering = {p.name for p in signature(function).parameters.values() if p.kind in (2, 4)}
    return {
        name: kind_of(annotation)
        for name, annotation in _annotations(function).items()
        if name not in gathering | {"return"}
    }


def _annotations(function: Any) -> dict[str, Any]:
    """Return the annotations that stand for something; some may be for type checkers alone."""
    found: dict[str, Any] = {}
    for name, annotation in function.__annotations__.items():
        alone = SimpleNamespace(__annotations__={name: annotation})
        with suppress(NameError):
            found |= get_type_hints(alone, function.__globals__, include_extras=True)
    return found


@cache
def _names(function: Callable[..., object]) -> list[str]:
    parameters = signature(function).parameters.values()
    return [each.name for each in parameters if each.kind in (0, 1)]


def _documented(function: Callable[..., object], args: tuple[object, ...]) -> object:
    """Return the class that a method was called for, or the function."""
    if not args or function.__name__ not in ("__init__", "__new__"):
        return function
    return args[0] if isinstance(args[0], type) else type(args[0])

"""Checks what a user wrote against the types that a function or a table takes."""

from collections.abc import Callable, Iterable, Mapping
from inspect import Parameter, signature
from itertools import islice
from typing import Any, TypeVar

from pydantic import ConfigDict, ValidationError, validate_call

from bsgrow.errors import InputError, did_you_mean
from bsgrow.text.printable import cut, shown
from bsgrow.validation.documentation import argument_hint

Result = TypeVar("Result")

UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")
_MOST_LINES = 20
_WORDS = (
    ("Value error, ", ""),
    ("an object", "a table"),
    ("a valid dictionary", "a table"),
    ("an instance of Sequence", "a list"),
    ("Input should", "must"),
)


def call_checked(
    function: Callable[..., Result],
    *positional: object,
    table: str,
    written: Mapping[str, Any],
    own: Mapping[str, Any] | None = None,
    other_keys: Iterable[str] = (),
) -> Result:
    """Call a function with the keyword arguments that a user wrote, checked against its types.

    Args:
        function: annotated; its keyword-only parameters are what a user may write.
        positional: passed as they are.
        table: where in the recipe the user wrote them, such as ``schedule.curve``.
        written: what the user wrote.
        own: further keyword arguments, which a user may not write.
        other_keys: of the table, which are no arguments, and may be what was meant.

    Raises:
        InputError: an argument is unknown, missing or of a wrong type; the message names it, and
            the hint is what the docstring of the function says of it.
    """
    own = own or {}
    allowed = keyword_names(function) - own.keys()
    for key in sorted(written.keys() - allowed):
        raise InputError(
            f"{table}.{cut(key)} = {shown(written[key])}: {function.__name__} has no such argument",
            did_you_mean(key, {*allowed, *other_keys}),
        )
    try:
        checked = validate_call(config=ConfigDict(strict=True))(function)
        return checked(*positional, **written, **own)
    except ValidationError as error:
        message = describe(error.errors(), table)
        raise InputError(message, argument_hint(function, message, f"{table}.")) from error
    except InputError as error:
        error.hint = error.hint or argument_hint(function, error.message, f"{table}.")
        raise


def keyword_names(function: Callable[..., object]) -> set[str]:
    """Return the names of a function's keyword-only parameters."""
    parameters = signature(function).parameters.values()
    return {parameter.name for parameter in parameters if parameter.kind is Parameter.KEYWORD_ONLY}


def describe(errors: Iterable[Mapping[str, Any]], table: str = "") -> str:
    """Return pydantic's errors as a line for each key: its value, and what is allowed.

    Args:
        errors: of a function's arguments, or of a table of tables.
        table: where the arguments are written; "" where the errors name their tables.
    """
    by_key: dict[str, list[Mapping[str, Any]]] = {}
    for details in errors:
        by_key.setdefault(_key(details["loc"], table), []).append(details)
    lines = [_line(cut(key), by_key[key]) for key in islice(by_key, _MOST_LINES)]
    if len(by_key) > _MOST_LINES:
        lines.append(f"and {len(by_key) - _MOST_LINES} more")
    return "\n".join(lines)


def _key(location: tuple[int | str, ...], table: str) -> str:
    """Return the key at a location: items of lists in brackets, branches of a union left out."""
    depth = 1 if table else 2
    names = ".".join(str(part) for part in (*([table] if table else []), *location[:depth]))
    return names + "".join(f"[{part}]" for part in location[depth:] if isinstance(part, int))


def _line(key: str, alternatives: list[Mapping[str, Any]]) -> str:
    """Return what is wrong with a key; a union has a complaint from each of its branches."""
    details = alternatives[0]
    if details["type"] in UNKNOWN_KEY:
        return f"{key} = {shown(details['input'])}: there is no such key"
    if details["type"].startswith("missing"):
        return f"{key}: is missing"
    first, *others = (in_plain_words(alternative["msg"]) for alternative in alternatives)
    wanted = " or ".join([first, *(other.removeprefix("must be ") for other in others)])
    return f"{key} = {shown(details['input'])}: {wanted}"


def in_plain_words(message: str) -> str:
    """Return what pydantic says in the words of TOML."""
    for theirs, ours in _WORDS:
        message = message.replace(theirs, ours)
    return message

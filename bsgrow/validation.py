"""Checks what a user wrote against the types that a function or a table takes."""

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any, TypeVar

from pydantic import ConfigDict, ValidationError, validate_call

from bsgrow.errors import InputError, did_you_mean

Result = TypeVar("Result")

UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")
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
) -> Result:
    """Call a function with the keyword arguments that a user wrote, checked against its types.

    Args:
        function: annotated; its keyword-only parameters are what a user may write.
        positional: passed as they are.
        table: where in the recipe the user wrote them, such as ``schedule.curve``.
        written: what the user wrote.
        own: further keyword arguments, which a user may not write.

    Raises:
        InputError: an argument is unknown, missing or of a wrong type; the message names it.
    """
    own = own or {}
    allowed = keyword_names(function) - own.keys()
    for key in sorted(written.keys() - allowed):
        raise InputError(
            f"{table}.{key} = {written[key]!r}: {function.__name__} has no such argument",
            did_you_mean(key, allowed),
        )
    try:
        checked = validate_call(config=ConfigDict(strict=True))(function)
        return checked(*positional, **written, **own)
    except ValidationError as error:
        raise InputError("\n".join(describe(e, f"{table}.") for e in error.errors())) from error


def keyword_names(function: Callable[..., object]) -> set[str]:
    """Return the names of a function's keyword-only parameters."""
    parameters = signature(function).parameters.values()
    return {parameter.name for parameter in parameters if parameter.kind is Parameter.KEYWORD_ONLY}


def describe(details: Mapping[str, Any], prefix: str = "") -> str:
    """Return one of pydantic's errors as a line: key, value, and what is allowed."""
    key = prefix + ".".join(str(part) for part in details["loc"])
    if details["type"] in UNKNOWN_KEY:
        return f"{key} = {details['input']!r}: there is no such key"
    if details["type"].startswith("missing"):
        return f"{key}: is missing"
    return f"{key} = {details['input']!r}: {_plain(details['msg'])}"


def _plain(message: str) -> str:
    """Say what pydantic says in the words of TOML."""
    for theirs, ours in _WORDS:
        message = message.replace(theirs, ours)
    return message

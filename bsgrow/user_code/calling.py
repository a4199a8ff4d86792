"""Calling a function of the user with what a recipe says, and with what it takes of ours."""

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature, signature
from typing import Any

from bsgrow.errors import InputError, did_you_mean
from bsgrow.text.printable import cut, shown
from bsgrow.user_code.errors import telling_users_errors
from bsgrow.user_code.loading import load_function

_BY_NAME = (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def call_user_code(
    name: str,
    table: str,
    written: Mapping[str, Any],
    offered: Mapping[str, Any] | None = None,
    in_any_case: frozenset[str] = frozenset(),
) -> Any:
    """Import a function of the user and call it; see ``load_function``.

    Args:
        name: ``package.module:function``.
        table: of the recipe, such as ``model``, whose key ``name`` names it.
        written: arguments that the user wrote.
        offered: given where the function names them, and the user did not write them.
        in_any_case: those of ``offered`` that a function gets that takes any, by ``**kwargs``.

    Raises:
        InputError: it does not take what was written, or needs what was not.
        UserCodeError: it raised an error.
    """
    function = load_function(name, f"{table}.name")
    what = f"{table}.name = {shown(name)}"
    takes = _signature(function)
    given = dict(written)
    if takes is not None:
        given = _taken(takes, offered or {}, in_any_case) | given
        _check(takes, given, name, table)
    with telling_users_errors(what):
        return function(**given)


def _signature(function: Callable[..., Any]) -> Signature | None:
    """What a function takes; None where it does not say."""
    try:
        return signature(function)
    except (TypeError, ValueError):
        return None


def _taken(
    takes: Signature, offered: Mapping[str, Any], in_any_case: frozenset[str]
) -> dict[str, Any]:
    named = _names(takes) | (in_any_case if _takes_any(takes) else frozenset())
    return {key: value for key, value in offered.items() if key in named}


def _check(takes: Signature, given: Mapping[str, Any], name: str, table: str) -> None:
    names = _names(takes)
    if not _takes_any(takes):
        for key in sorted(given.keys() - names):
            raise InputError(
                f"{table}.{cut(key)} = {shown(given[key])}: {name} has no such argument",
                hint=did_you_mean(key, names) if names else f"leave it out of [{table}]",
            )
    try:
        takes.bind(**given)
    except TypeError as error:
        needed = [key for key, each in takes.parameters.items() if _is_missing(each, given)]
        raise InputError(
            f"{table}.name = {shown(name)}: {error}",
            hint=f"write it into [{table}] of the recipe, beside name: {', '.join(needed)}"
            if needed
            else "what a recipe gives are keyword arguments",
        ) from error


def _is_missing(parameter: Parameter, given: Mapping[str, Any]) -> bool:
    is_needed = parameter.kind in _BY_NAME and parameter.default is Parameter.empty
    return is_needed and parameter.name not in given


def _names(takes: Signature) -> frozenset[str]:
    return frozenset(each.name for each in takes.parameters.values() if each.kind in _BY_NAME)


def _takes_any(takes: Signature) -> bool:
    return any(each.kind is Parameter.VAR_KEYWORD for each in takes.parameters.values())

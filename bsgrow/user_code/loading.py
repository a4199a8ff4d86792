"""Finding what a name such as ``package.module:function`` names: importing is running."""

import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from bsgrow.errors import InputError, did_you_mean
from bsgrow.text.printable import cut, printable, shown
from bsgrow.user_code.errors import UserCodeError, telling_users_errors
from bsgrow.user_code.names import check_name


def load_function(name: str, key: str) -> Callable[..., Any]:
    """Import what a name names; modules in the current folder are found, and come first.

    Args:
        name: ``package.module:function``; behind the colon dots lead into classes.
        key: where the user wrote it, such as ``model.name``.

    Raises:
        InputError: there is no such module, nothing of that name in it, or it cannot be called.
        UserCodeError: the module raised an error as it was imported.
    """
    check_name(name, key)
    module_name, _, attribute = name.partition(":")
    what = f"{key} = {shown(name)}"
    _make_current_folder_importable()
    found = _import(module_name, what)
    for part in attribute.split("."):
        found = _attribute(found, part, what)
    if not callable(found):
        raise InputError(
            f"{what}: is {_article(type(found).__name__)}, which cannot be called",
            hint="name a function or a class",
        )
    function: Callable[..., Any] = found
    return function


def _import(module_name: str, what: str) -> Any:
    try:
        with telling_users_errors(what):
            return import_module(module_name)
    except UserCodeError as error:
        cause = error.__cause__
        if isinstance(cause, ModuleNotFoundError) and _is_part(cause.name, module_name):
            raise InputError(
                f"{what}: there is no module {cause.name}",
                hint=_where_modules_are(module_name),
            ) from None
        raise


def _where_modules_are(module_name: str) -> str:
    if module_name.endswith(".py"):
        return f"a module is named without .py: {cut(module_name.removesuffix('.py'))}"
    return (
        f"a module of your own lies in the current folder, {_current_folder()}, or on PYTHONPATH; "
        "another one has to be installed in this environment"
    )


def _is_part(missing: str | None, module_name: str) -> bool:
    """Whether a module is the one that was asked for, or a package that it is in."""
    return missing is not None and f"{module_name}.".startswith(f"{missing}.")


def _attribute(found: Any, part: str, what: str) -> Any:
    with telling_users_errors(what):  # a module may have a __getattr__
        try:
            return getattr(found, part)
        except AttributeError:
            names = [name for name in dir(found) if not name.startswith("_")]
    inside = getattr(found, "__name__", type(found).__name__)
    raise InputError(f"{what}: {inside} has no {part}", did_you_mean(part, names))


def _make_current_folder_importable() -> None:
    """Put the current folder first, where `python -m` has it, and a program installed has not."""
    with suppress(OSError):  # a folder that is gone
        folder = str(Path.cwd())
        if folder not in sys.path and "" not in sys.path:
            sys.path.insert(0, folder)


def _current_folder() -> str:
    try:
        return printable(Path.cwd())
    except OSError:
        return "which is gone"


def _article(kind: str) -> str:
    return f"an {kind}" if kind[:1].lower() in "aeiou" else f"a {kind}"

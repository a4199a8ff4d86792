"""Packages that only an export needs, imported where one is asked for."""

from importlib import import_module
from typing import Any

from bsgrow.errors import InputError


def imported(module: str, key: str) -> Any:
    """Return a module of the extra ``export``.

    Raises:
        InputError: its package, or one that it needs, is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise InputError(
            f"{key}: needs the package {package}, which is not installed: {error}",
            hint="install it: `pip install 'bsgrow[export]'`",
        ) from error

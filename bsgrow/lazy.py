"""Names of a package whose modules are imported when one is first asked for (PEP 562)."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def importing(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and the ``__dir__`` of a package.

    A name must not be that of a module in the package, which would stand in its place once that
    is imported.

    Args:
        package: its full name.
        homes: a module below it, with dots, to the names that come from there, with spaces.
    """
    module_of = {name: module for module, names in homes.items() for name in names.split()}

    def find(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(f"{package}.{module_of[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return find, lambda: sorted({*vars(sys.modules[package]), *module_of})

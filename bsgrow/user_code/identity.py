"""Which code a name stood for: the version of what is installed, or the digest of a file."""

import hashlib
import sys
import sysconfig
from importlib.metadata import packages_distributions, version
from pathlib import Path

from bsgrow.user_code.loading import load_function


def code_identity(name: str, key: str) -> str:
    """Return what a run records of the code of a function: the same text, the same code.

    Args:
        name: ``package.module:function``.
        key: where the user wrote it, such as ``model.name``.

    Returns:
        The distribution and its version where one installed the module, such as ``timm 1.0.19``;
        else ``sha256:…`` of its file; else the name alone.

    Raises:
        InputError, UserCodeError: as ``load_function``.
    """
    load_function(name, key)
    module_name = name.partition(":")[0]
    file = getattr(sys.modules[module_name], "__file__", None)
    if file is None:
        return name
    return _installed(module_name, Path(file)) or _digest(Path(file)) or name


def _installed(module_name: str, file: Path) -> str | None:
    """The distribution that a module came with, and its version; None: it is a file of its own."""
    places = {Path(sysconfig.get_path(each)).resolve() for each in ("purelib", "platlib")}
    places |= {Path(each).resolve() for each in sys.path if each.endswith("-packages")}
    if places.isdisjoint(file.resolve().parents):
        return None
    names = packages_distributions().get(module_name.partition(".")[0])
    return f"{names[0]} {version(names[0])}" if names else None


def _digest(file: Path) -> str | None:
    try:
        return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    except OSError:
        return None

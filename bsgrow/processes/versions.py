"""The versions of what computes, which figures state and the processes of a run share."""

import platform
from importlib.metadata import PackageNotFoundError, version

import bsgrow

_PACKAGES = ("numpy", "torch")
_OTHERS = ("nvidia-dali-cuda130", "nvidia-dali-cuda120", "ffcv", "spdl", "pillow")  # if installed


def versions() -> dict[str, str]:
    """Return the version of bsgrow, Python, and each package that is installed, by name."""
    packages = {name: version(name) for name in _PACKAGES}
    others = {name: found for name in _OTHERS if (found := _version_of(name)) is not None}
    ours = {"bsgrow": bsgrow.__version__, "python": platform.python_version()}
    return ours | packages | others


def _version_of(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None

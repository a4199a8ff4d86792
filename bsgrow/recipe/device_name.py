"""The names of devices; whether one is there, only the machine can say."""

from bsgrow.errors import InputError
from bsgrow.text.printable import shown

_MOST_DIGITS = 9  # of an index; Python reads no integer of any length


def check_device(name: str, key: str = "run.device") -> int | None:
    """Check that a name is one of a device, whether or not it is there.

    Args:
        name: what the user wrote.
        key: where they wrote it.

    Returns:
        The index of a CUDA device; None for ``auto``, ``cpu`` and ``mps``.

    Raises:
        InputError: it is none of ``auto``, ``cpu``, ``mps``, ``cuda`` and ``cuda:<index>``.
    """
    kind, colon, index = name.partition(":")
    if name in ("auto", "cpu", "mps"):
        return None
    if kind == "cuda" and not colon:
        return 0
    if kind == "cuda" and index.isascii() and index.isdecimal() and len(index) <= _MOST_DIGITS:
        return int(index)
    raise InputError(
        f"{key} = {shown(name)} is not a device: auto, cpu, mps, cuda and cuda:<index> are allowed",
        hint=f'"auto" takes the first CUDA device, or the CPU where there is none: {key} = "auto"',
    )

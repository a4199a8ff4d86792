"""What torchrun says to the processes that it starts, in their environment."""

import os
from collections.abc import Mapping

from bsgrow.errors import InputError

_PLACES = ("RANK", "WORLD_SIZE")
_MEETING = ("MASTER_ADDR", "MASTER_PORT")
_HIGHEST_PORT = 2**16 - 1
_LONGEST = 9  # digits
_HINT = "start the processes with torchrun, which sets it"


def is_launched(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether torchrun, or what sets the same variables, has started this process."""
    return environment.keys() >= {*_PLACES, *_MEETING}


def is_by_torchrun(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether that was torchrun itself, in whose place nothing else says ``RANK``."""
    return is_launched(environment) and "TORCHELASTIC_RUN_ID" in environment


def check(environment: Mapping[str, str] = os.environ) -> None:
    """Check what was said to a process.

    Raises:
        InputError: a variable holds no number or one that cannot be, or a process is one of many
            and is not told where they meet.
    """
    if is_launched(environment):
        rank(environment)
        local_rank(environment)
        _number(environment, "MASTER_PORT", 0, lowest=1, highest=_HIGHEST_PORT)
    elif environment.keys() >= {*_PLACES} and environment["WORLD_SIZE"].strip() not in ("", "1"):
        absent = next(name for name in _MEETING if name not in environment)
        raise InputError(
            f"WORLD_SIZE={environment['WORLD_SIZE']!r} in the environment, and {absent} is not: "
            "it says where the processes meet",
            hint=f"{_HINT}, or unset WORLD_SIZE to train in one process",
        )


def rank(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of this process among all; 0 where it is alone."""
    return _number(environment, "RANK", 0, highest=world_size(environment) - 1)


def world_size(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of processes; 1 where it is alone."""
    return _number(environment, "WORLD_SIZE", 1, lowest=1)


def local_rank(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of this process among those on its machine; 0 where it is alone."""
    return _number(environment, "LOCAL_RANK", 0)


def local_world_size(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of processes on this machine; 1 where that is not said."""
    return _number(environment, "LOCAL_WORLD_SIZE", 1, lowest=1)


def _number(
    environment: Mapping[str, str],
    name: str,
    alone: int,
    *,
    lowest: int = 0,
    highest: int | None = None,
) -> int:
    if not is_launched(environment):
        return alone
    text = environment.get(name, str(alone))
    is_number = text.isascii() and text.isdecimal() and len(text) <= _LONGEST
    if not is_number or int(text) < lowest or (highest is not None and int(text) > highest):
        most = "" if highest is None else f" to {highest}"
        raise InputError(
            f"{name}={text!r} in the environment: must be a number from {lowest}{most}", hint=_HINT
        )
    return int(text)

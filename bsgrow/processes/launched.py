"""What torchrun says to the processes that it starts, in their environment."""

import os
from collections.abc import Mapping

from bsgrow.errors import InputError

_NAMES = {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}


def is_launched(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether torchrun, or what sets the same variables, has started this process."""
    return environment.keys() >= _NAMES


def rank(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of this process among all; 0 where it is alone."""
    return _number(environment, "RANK", 0)


def world_size(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of processes; 1 where it is alone."""
    return _number(environment, "WORLD_SIZE", 1)


def local_rank(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of this process among those on its machine; 0 where it is alone."""
    return _number(environment, "LOCAL_RANK", 0)


def num_restarts(environment: Mapping[str, str] = os.environ) -> int:
    """Return how often torchrun has started all processes anew, after one of them died."""
    return _number(environment, "TORCHELASTIC_RESTART_COUNT", 0)


def _number(environment: Mapping[str, str], name: str, alone: int) -> int:
    if not is_launched(environment):
        return alone
    text = environment.get(name, str(alone))
    if not text.isdecimal():
        raise InputError(
            f"{name}={text!r} in the environment: must be a number",
            hint="start the processes with torchrun, which sets it",
        )
    return int(text)

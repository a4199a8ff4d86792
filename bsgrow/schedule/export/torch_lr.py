"""A learning rate as torch's LambdaLR over a table, for systems that step any torch scheduler."""

from collections.abc import Iterable

from bsgrow.errors import InputError


def peak_lr(lrs: Iterable[float], reason: str, hint: str) -> float:
    """Return the rate that the factors of a LambdaLR multiply; raises InputError where it is 0."""
    peak = max(lrs)
    if peak == 0:
        raise InputError(reason, hint)
    return peak

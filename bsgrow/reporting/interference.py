"""What ranks that compute at the same time cost each other, beside the sums that they make."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bsgrow.errors import InputError
from bsgrow.reporting.measurements import is_number, read_object
from bsgrow.text.printable import shown

_LIMITS: Mapping[str, tuple[float, float, str]] = {
    "slowdown": (1, 1000, "a number from 1 to 1000"),
    "dispersion_seconds": (0, 3600, "a number of seconds from 0 to 3600"),
}
_HINT = (
    "`torchrun … -m bsgrow bench train --format json` writes it; without it both count as nothing"
)


@dataclass(frozen=True)
class Interference:
    """What several ranks lose that one alone does not.

    Attributes:
        slowdown: the time in which a rank computes while others do, against that of one alone: of
            ranks on one machine, which share its memory and its power.
        dispersion_seconds: the variance of the time in which a rank computes its part of an update,
            divided by the mean of that time.
    """

    slowdown: float = 1.0
    dispersion_seconds: float = 0.0

    def wait_seconds(self, seconds: float, num_ranks: int) -> float:
        """Return how much longer than the mean the slowest of some ranks computes.

        All wait for it. What delays one rank has nothing to do with what delays another, so that
        this is the expected maximum of independent times less their mean: for normal ones their
        standard deviation s times ``expected_maximum``. The parts of an update are delayed
        independently too, s = s₁ √k with k micro-batches: √(D t) for a time t and dispersion D.

        Args:
            seconds: in which each computes, on average.
            num_ranks: that do.
        """
        return expected_maximum(num_ranks) * math.sqrt(self.dispersion_seconds * seconds)


NO_INTERFERENCE = Interference()


@lru_cache(maxsize=4096)
def expected_maximum(number: int) -> float:
    """Return the mean of the largest of so many independent standard normal variables.

    David and Nagaraja 2003, Order Statistics, 3rd edition, section 3.1: ∫ x d(Φ(x)^n), here by
    parts, b − ∫ Φ(x)^n dx up to b, by the trapezoidal rule, which is exact to rounding as all
    derivatives vanish at both ends. 0 of one, 1/√π of two, about √(2 ln n) of many.
    """
    if number == 1:
        return 0.0
    below = math.fsum(_all_below(_STEP * i, number) for i in range(-_END, _END))
    return _STEP * (_END - 0.5 - below)


_STEP, _END = 1 / 32, 32 * 16  # to 16 standard deviations


def _all_below(bound: float, number: int) -> float:
    """Return Φ(bound)^number."""
    above = 0.5 * math.erfc(bound / math.sqrt(2))
    return math.exp(number * math.log1p(-above)) if above < 1 else 0.0


def read_interference(path: Path) -> dict[str, float]:
    """Return what a file of measurements says, in the keys of ``Interference``.

    It stands beside the rows: ``{"interference": {"slowdown": …, "dispersion_seconds": …}, "rows":
    […]}``. Other keys of it are left out; nothing comes of a file without it.

    Raises:
        InputError: the file cannot be read, or a value is not allowed.
    """
    where, written = read_object(path, "interference", _HINT)
    values = {key: written[key] for key in _LIMITS if written.get(key) is not None}
    for key, value in values.items():
        low, high, allowed = _LIMITS[key]
        if not is_number(value, low, high):
            raise InputError(f"{where}.{key} = {shown(value)}: must be {allowed}", _HINT)
    return values

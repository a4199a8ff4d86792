"""From the batch size that is wanted to the one that is used: levels, cap and multiple."""

import math
from dataclasses import dataclass

from bsgrow.errors import InputError
from bsgrow.schedule.config import Growth, Reference, planned_momentum
from bsgrow.schedule.scaling import wanted_batch_size

_SLACK = 1 + 1e-9  # a decay of 0.1 / 0.02 is meant to be 5, whatever the floats say
_FIRST_BATCH = (
    "the first batch is schedule.global_batch_size, times growth.lr_scale, "
    "times (1 - optimizer.momentum) / (1 - growth.momentum)"
)


@dataclass(frozen=True)
class Sizes:
    """The batch sizes that a plan may use.

    Attributes:
        reference: the run as published.
        growth: the limits, its factor resolved.
        num_samples: size of the training set, N.
    """

    reference: Reference
    growth: Growth
    num_samples: int

    def __post_init__(self) -> None:
        """Raise InputError where the first batch does not fit the limits."""
        first = self._wanted(1.0, self.momentum(raised=not self.growth.momentum_at)) * _SLACK
        cap, unit = self.growth.max_batch_size, self.growth.multiple_of
        if first < 1 or math.isinf(first):
            raise InputError(f"growth: the first batch would be {first:.3g} samples", _FIRST_BATCH)
        if cap is not None and cap < math.floor(first):
            raise InputError(
                f"growth.max_batch_size = {cap}: below the first batch, {math.floor(first):.15g}",
                _FIRST_BATCH,
            )
        if unit > first:
            raise InputError(
                f"growth.multiple_of = {unit}: above the first batch, {math.floor(first):.15g}",
                _FIRST_BATCH,
            )

    def momentum(self, *, raised: bool) -> float:
        """Return the momentum coefficient before or after growth.momentum_at."""
        planned = planned_momentum(self.reference, self.growth)
        return planned if raised else self.reference.momentum

    def size(self, decay: float, momentum: float) -> int:
        """Return the batch size for a decay: the highest level not above what is wanted."""
        wanted = self._wanted(decay, momentum) * _SLACK
        cap, unit = self.growth.max_batch_size, self.growth.multiple_of
        level = cap if cap is not None and wanted >= cap else self._level(wanted, momentum)
        if math.isinf(level) or math.floor(level) > self.num_samples:
            raise self._too_large(level)
        return max(1, math.floor(level / unit)) * unit

    def _wanted(self, decay: float, momentum: float) -> float:
        return wanted_batch_size(decay, self.reference, momentum, self.growth, self.num_samples)

    def _level(self, wanted: float, momentum: float) -> float:
        factor, first = self.growth.factor, self._wanted(1.0, momentum)
        if not isinstance(factor, float) or math.isinf(wanted) or wanted <= first:
            return wanted
        steps = math.floor(math.log(wanted / first, factor) * _SLACK)
        return first * factor**steps * _SLACK

    def _too_large(self, size: float) -> InputError:
        return InputError(
            f"the plan reaches a global batch of {size:g}, "
            f"more than the {self.num_samples} samples of the training set",
            hint="set growth.max_batch_size; the paper uses N/10 = "
            f"{max(1, self.num_samples // 10)}",
        )

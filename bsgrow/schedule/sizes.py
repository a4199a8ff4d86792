"""From the batch size that is wanted to the one that is used: levels, cap and multiple."""

import math
from dataclasses import dataclass

from bsgrow.errors import InputError
from bsgrow.schedule.config import Growth, Reference, planned_momentum
from bsgrow.schedule.scaling import wanted_batch_size
from bsgrow.text.command import setting

SLACK = 1 + 1e-9
"""A decay of 0.1 / 0.02 is meant to be 5, whatever the floats say."""

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
        first = self._first
        cap, unit = self.growth.cap, self.growth.multiple_of
        if first < 1 or math.isinf(first):
            raise InputError(f"growth: the first batch would be {first:.3g} samples", _FIRST_BATCH)
        if cap is not None and cap < math.floor(first):
            raise InputError(
                f"growth.max_batch_size = {cap}: below the first batch, {math.floor(first):.15g}",
                f"{self._advice()}; {_FIRST_BATCH}",
            )
        if unit > first:
            raise InputError(
                f"growth.multiple_of = {unit}: above the first batch, {math.floor(first):.15g}",
                f"pass {setting('growth.multiple_of', math.floor(first))} or less; {_FIRST_BATCH}",
            )

    @property
    def _first(self) -> float:
        return self.wanted(1.0, self.momentum(raised=not self.growth.momentum_at)) * SLACK

    @property
    def lowest_cap(self) -> int:
        """The lowest ``growth.max_batch_size`` that is accepted, which is the first batch."""
        return math.floor(self._first)

    def start_within(self, limit: float) -> int:
        """Return the largest ``schedule.global_batch_size`` whose first batch is within a limit.

        It is 0 where there is none.
        """
        start = math.floor(self.reference.global_batch_size * (limit / self._first) * SLACK)
        return start if start * self._first >= self.reference.global_batch_size else 0

    def momentum(self, *, raised: bool) -> float:
        """Return the momentum coefficient before or after growth.momentum_at."""
        planned = planned_momentum(self.reference, self.growth)
        return planned if raised else self.reference.momentum

    def size(self, decay: float, momentum: float) -> int:
        """Return the batch size for a decay: the highest level not above what is wanted."""
        level = self.level(decay, momentum)
        if math.isinf(level) or math.floor(level) > self.num_samples:
            raise self._too_large(level)
        return self.rounded(level)

    def wanted(self, decay: float, momentum: float) -> float:
        """Return the batch size that takes over a decay, without any limit."""
        return wanted_batch_size(decay, self.reference, momentum, self.growth, self.num_samples)

    def level(self, decay: float, momentum: float) -> float:
        """Return the highest level not above what is wanted, or the cap; not rounded."""
        wanted, cap = self.wanted(decay, momentum) * SLACK, self.growth.cap
        if cap is not None and wanted >= cap:
            return cap
        factor, first = self.growth.factor, self.wanted(1.0, momentum)
        if not isinstance(factor, float) or math.isinf(wanted) or wanted <= first:
            return wanted
        steps = math.floor(math.log(wanted / first, factor) * SLACK)
        return first * factor**steps * SLACK

    def rounded(self, level: float) -> int:
        """Return a level as whole samples, in the multiple that is asked for."""
        unit = self.growth.multiple_of
        return max(1, math.floor(level / unit)) * unit

    def _too_large(self, size: float) -> InputError:
        return InputError(
            f"the plan reaches a global batch of {size:g}, "
            f"more than the {self.num_samples} samples of the training set",
            hint=self._advice(),
        )

    def _advice(self) -> str:
        """Say how the batch stays within the training set: by a cap, or by starting smaller."""
        tenth, lowest = self.num_samples // 10, self.lowest_cap
        if lowest <= self.num_samples:
            cap = max(tenth, lowest)
            why = "the paper's N/10," if cap == tenth else "the least, as the first batch is"
            return f"pass {setting('growth.max_batch_size', cap)}, {why} {cap}"
        if start := self.start_within(max(1, tenth)) or self.start_within(self.num_samples):
            smaller = setting("schedule.global_batch_size", start)
            return f"pass {smaller}, to start with a batch that the samples hold"
        return _FIRST_BATCH

"""The learning rate of a plan as one named curve, for systems that offer only such curves.

They all offer a linear warm-up, then: a constant; a linear decay, at once or after a constant
stretch; or a cosine decay at once. The parameters are read off the plan, then the curve is held
against it.
"""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from bsgrow.schedule.export.draft import whole_update
from bsgrow.schedule.export.lr_table import FLOOR, probe_indices
from bsgrow.schedule.plan import Plan, Update

_MAX_PHASES_PROBED = 2_000
_AT_PEAK = 1 - 1e-9  # rounding must not end a constant stretch
_NOISE = 1e-9  # of the peak: a minimum as near to 0 is 0

Style = Literal["constant", "linear", "cosine"]


@dataclass(frozen=True)
class LrShape:
    """A named curve; positions are samples or updates, whichever it was fitted over.

    Attributes:
        style: what follows the warm-up.
        initial_lr: learning rate at position 0; the peak where there is no warm-up.
        peak_lr: highest learning rate.
        min_lr: learning rate at the end; the peak for ``constant``. Below 0 where a line over
            updates reaches 0 inside the last one, which is before the end.
        warmup: length of the warm-up.
        decay_start: where the decay starts; the end for ``constant``.
        end: end of the run.
    """

    style: Style
    initial_lr: float
    peak_lr: float
    min_lr: float
    warmup: int
    decay_start: int
    end: int

    def lr(self, position: float) -> float:
        """Return the learning rate at a position."""
        if position < self.warmup:
            return self.initial_lr + (self.peak_lr - self.initial_lr) * position / self.warmup
        return self.min_lr + (self.peak_lr - self.min_lr) * self.decay(position)

    def decay(self, position: float) -> float:
        """Return what is left of the way from the peak to the minimum: 1 down to 0."""
        if position <= self.decay_start:
            return 1.0
        share = min(1.0, (position - self.decay_start) / (self.end - self.decay_start))
        return 1 - share if self.style == "linear" else (1 + math.cos(math.pi * share)) / 2


def fit_lr(
    plan: Plan, unit: Literal["samples", "updates"], warmup_origin: float | None = None
) -> LrShape:
    """Return the curve over samples or updates that follows the plan's learning rate best.

    A last update that is cut counts as a whole one.

    Args:
        plan: the plan.
        unit: what the other system's scheduler counts.
        warmup_origin: position where its warm-up line crosses zero; None where the rate that
            the warm-up starts from is free.
    """
    at = (lambda update: update.start) if unit == "samples" else (lambda update: update.index)
    end = plan.num_total_samples if unit == "samples" else plan.num_updates
    fitter = _Fitter(plan, at, end, warmup_origin, below_zero=unit == "updates")
    return min(fitter.candidates(), key=fitter.deviation)


def no_curve(shape: LrShape, system: str) -> str:
    """Return why a system with named curves does not follow a plan."""
    return (
        f"{system} has no learning-rate curve that follows the plan's: the nearest of constant, "
        f"linear and cosine is {shape.style}"
    )


class _Fitter:
    """Reads the parameters of the candidate curves off a plan."""

    def __init__(
        self,
        plan: Plan,
        at: Callable[[Update], int],
        end: int,
        warmup_origin: float | None,
        *,
        below_zero: bool,
    ) -> None:
        self._below_zero = below_zero
        self._plan, self._at, self._end, self._origin = plan, at, end, warmup_origin
        self._probes = _probes(plan)
        top = self._find_peak()
        self._peak, self._top = top.lr, top.index
        self._initial, self._warmup = self._read_warmup()

    def candidates(self) -> list[LrShape]:
        """Return a constant and, for a rate that falls at the end, the decays."""
        shapes = [self._shape("constant", self._end)]
        if self._probes[-1].lr < self._peak * _AT_PEAK:
            shapes += [self._shape("linear", start) for start in self._linear_starts()]
            shapes += [self._shape("cosine", self._warmup)]
        return shapes

    def deviation(self, shape: LrShape) -> float:
        """Return the largest deviation of a curve from the plan."""
        return max(
            abs(shape.lr(self._at(update)) - update.lr)
            / (max(update.lr, FLOOR * self._peak) or 1.0)  # a run at rate 0
            for update in self._probes
        )

    def _shape(self, style: Style, decay_start: int) -> LrShape:
        start = min(decay_start, self._end)
        shape = LrShape(style, self._initial, self._peak, 0.0, self._warmup, start, self._end)
        last = self._probes[-1]
        left = shape.decay(self._at(last))
        if left == 1:
            return replace(shape, min_lr=self._peak)
        # The last update is before the end, so its rate is not yet the minimum.
        lowest = (last.lr - left * self._peak) / (1 - left)
        if style == "cosine" or not self._below_zero or lowest > -_NOISE * self._peak:
            lowest = lowest if lowest > _NOISE * self._peak else 0.0
        return replace(shape, min_lr=float(f"{lowest:.9g}"))  # the plan's own digits, not noise

    def _update(self, index: int) -> Update:
        return whole_update(self._plan, index)

    def _find_peak(self) -> Update:
        """Return the first update of the highest rate: near a probe, where it stops rising."""
        top = max(range(len(self._probes)), key=lambda at: self._probes[at].lr)
        before, after = max(0, top - 1), min(top + 1, len(self._probes) - 1)
        indices = range(self._probes[after].index)
        start = self._probes[before].index
        falling = bisect_left(
            indices, True, lo=start, key=lambda i: self._update(i + 1).lr <= self._update(i).lr
        )
        return max(self._update(falling), self._probes[top], key=lambda update: update.lr)

    def _read_warmup(self) -> tuple[float, int]:
        """Return the rate at position 0 and where the line through the rise meets the peak."""
        rising = bisect_left(
            range(self._top),
            True,
            key=lambda index: self._update(index).lr >= self._peak * _AT_PEAK,
        )
        if rising == 0:
            return self._peak, 0
        first, rise = self._update(0), self._update(rising)
        last = rise
        if rising > 1:
            last = self._update(rising - 1)
        slope = (last.lr - first.lr) / self._at(last)
        if self._origin is None and slope <= 0:
            return first.lr, self._at(rise)
        if self._origin is None:
            return first.lr, max(1, round((self._peak - first.lr) / slope))
        slope = last.lr / (self._at(last) - self._origin)
        meets = round(self._origin + self._peak / slope) if slope > 0 else self._at(rise)
        warmup = max(1, meets)
        return -self._origin * self._peak / (warmup - self._origin), warmup

    def _linear_starts(self) -> list[int]:
        """Return where a line through the fall leaves the peak, and the end of the warm-up."""
        last = self._probes[-1]
        falling = bisect_left(
            range(last.index),
            True,
            lo=self._top,
            key=lambda index: self._update(index).lr < self._peak * _AT_PEAK,
        )
        first = self._update(falling)
        if self._at(first) == self._at(last):
            return [self._warmup]
        slope = (last.lr - first.lr) / (self._at(last) - self._at(first))
        start = round(self._at(first) + (self._peak - first.lr) / slope) if slope < 0 else 0
        return [self._warmup, max(self._warmup, start)]


def _probes(plan: Plan) -> list[Update]:
    """Return updates of every phase, its first and last among them."""
    phases = plan.phases
    stride = -(-len(phases) // _MAX_PHASES_PROBED)
    probed = [*phases[:-1:stride], phases[-1]]
    return [
        whole_update(plan, index)
        for phase in probed
        for index in probe_indices(phase.first_index, phase.first_index + phase.num_updates - 1)
    ]

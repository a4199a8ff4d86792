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

from bsgrow.schedule.export.lr_table import probe_indices, whole_update
from bsgrow.schedule.export.target import Export, Target, cut_last_update, elsewhere
from bsgrow.schedule.plan import Plan, Update

_MAX_PHASES_PROBED = 20_000
_AT_PEAK = 1 - 1e-9  # rounding must not end a constant stretch
_FAR = 0.1  # a deviation above this is another schedule
_FLOOR = 1e-3  # a rate below this part of the peak is compared with this part

Style = Literal["constant", "linear", "cosine"]


@dataclass(frozen=True)
class LrShape:
    """A named curve; positions are samples or updates, whichever it was fitted over.

    Attributes:
        style: what follows the warm-up.
        initial_lr: learning rate at position 0; the peak where there is no warm-up.
        peak_lr: highest learning rate.
        min_lr: learning rate at the end; the peak for ``constant``.
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


@dataclass(frozen=True)
class Fit:
    """The curve that follows a plan best, and by how much it fails to."""

    shape: LrShape
    deviation: float
    worst: Update

    def deviations(self, system: str, tolerance: float) -> tuple[str, ...]:
        """Return a sentence where the plan is not followed to the tolerance; else nothing."""
        if self.deviation <= tolerance:
            return ()
        return (
            f"{system} has no learning-rate curve that follows the plan's: the nearest of "
            f"constant, linear and cosine is {self.shape.style}, off by up to "
            f"{self.deviation:.2g} of it (at sample {self.worst.start}: {self.worst.lr:.4g})",
        )

    def advice(self, plan: Plan, system: str, steps: str) -> tuple[str, ...]:
        """Return what would be exact or close, where the plan is followed from afar only."""
        if self.deviation <= _FAR:
            return ()
        return (elsewhere(plan, system, steps),)


def fitted_export(
    text: str, plan: Plan, fit: Fit, system: str, target: Target, steps: str = "a step curve"
) -> Export:
    """Return an export whose learning rate is a named curve; its batches are exact.

    Args:
        text: the configuration.
        plan: the plan.
        fit: the curve that it holds.
        system: the other system's name.
        target: the run there.
        steps: the curves whose growth the system follows.
    """
    deviations = fit.deviations(system, target.lr_tolerance)
    notes = cut_last_update(plan, system)
    return Export(text, deviations, notes, fit.advice(plan, system, steps))


def fit_lr(
    plan: Plan, unit: Literal["samples", "updates"], warmup_origin: float | None = None
) -> Fit:
    """Return the curve over samples or updates that follows the plan's learning rate best.

    Args:
        plan: the plan.
        unit: what the other system's scheduler counts.
        warmup_origin: position where its warm-up line crosses zero; None where the rate that
            the warm-up starts from is free.
    """
    at = (lambda update: update.start) if unit == "samples" else (lambda update: update.index)
    end = plan.num_total_samples if unit == "samples" else plan.num_updates
    fitter = _Fitter(plan, at, end, warmup_origin)
    return min((fitter.hold(shape) for shape in fitter.candidates()), key=lambda fit: fit.deviation)


class _Fitter:
    """Reads the parameters of the candidate curves off a plan."""

    def __init__(
        self, plan: Plan, at: Callable[[Update], int], end: int, warmup_origin: float | None
    ) -> None:
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

    def hold(self, shape: LrShape) -> Fit:
        """Hold a curve against the plan."""

        def deviation(update: Update) -> float:
            error = abs(shape.lr(self._at(update)) - update.lr)
            return error / (max(update.lr, _FLOOR * self._peak) or 1.0)  # a run at rate 0

        worst = max(self._probes, key=deviation)
        return Fit(shape, deviation(worst), worst)

    def _shape(self, style: Style, decay_start: int) -> LrShape:
        start = min(decay_start, self._end)
        shape = LrShape(style, self._initial, self._peak, 0.0, self._warmup, start, self._end)
        last = self._probes[-1]
        left = shape.decay(self._at(last))
        if left == 1:
            return replace(shape, min_lr=self._peak)
        # The last update is before the end, so its rate is not yet the minimum.
        lowest = max(0.0, (last.lr - left * self._peak) / (1 - left))
        return replace(shape, min_lr=float(f"{lowest:.9g}"))  # the plan's own digits, not noise

    def _update(self, index: int) -> Update:
        return self._plan.update(index)

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
        first, last = self._update(0), self._update(rising)
        if rising > 1:
            last = self._update(rising - 1)
        slope = (last.lr - first.lr) / self._at(last)
        if self._origin is None:
            return first.lr, max(1, round((self._peak - first.lr) / slope))
        slope = last.lr / (self._at(last) - self._origin)
        warmup = max(1, round(self._origin + self._peak / slope))
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
        whole_update(plan, phase, index)
        for phase in probed
        for index in probe_indices(phase.first_index, phase.first_index + phase.num_updates - 1)
    ]

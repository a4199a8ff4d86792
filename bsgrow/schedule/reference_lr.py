"""The learning rate that the reference has at each sample of a plan."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from heapq import merge
from itertools import chain, groupby, pairwise

from bsgrow.errors import InputError
from bsgrow.schedule.config import Reference
from bsgrow.schedule.curves import ENDS, Curve, exact
from bsgrow.schedule.typed import require_integer

_MAX_CURSOR = 2**64 - 1
_MAX_EPOCHS = 2**32  # the order and the augmentation of a sample are keyed by 32 bits of its epoch
_MAX_KNOTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Wait:
    """Samples [start, start + num_samples) of a plan over which its reference stands still."""

    start: int = 0
    num_samples: int = 0


NO_WAIT = Wait()


@dataclass(frozen=True)
class ReferenceLr:
    """The reference's learning rate as a function of the samples that the plan has consumed.

    Attributes:
        curve: learning rate over positions.
        units_per_sample: positions that one sample advances.
        num_samples: size of the training set, N.
        num_total_samples: samples of the whole plan, the wait included.
        hold: whether the learning rate changes at the start of an epoch only.
        wait: where the reference stands still.
    """

    curve: Curve
    units_per_sample: Fraction
    num_samples: int
    num_total_samples: int
    hold: bool
    wait: Wait

    def lr(self, sample: int | Fraction) -> float:
        """Return the reference's learning rate at a sample of the plan, or between two."""
        sample = min(sample, max(self.wait.start, sample - self.wait.num_samples))
        if self.hold:
            sample -= sample % self.num_samples
        try:
            lr = self.curve.value(sample * self.units_per_sample)
        except OverflowError:
            lr = math.inf
        if not math.isfinite(lr):
            raise InputError(
                f"schedule.curve: the learning rate at epoch {sample / self.num_samples:g} is "
                "beyond any number",
                hint="a gamma above 1 or a very small div_factor makes it grow like that",
            )
        return lr

    def pieces(self, cuts: Iterable[int] = ()) -> Iterator[tuple[int, int]]:
        """Yield samples [start, stop) over which the learning rate moves in one direction.

        They tile the plan, and are cut at the given samples as well; lazily.
        """
        wait, total = self.wait, self.num_total_samples
        shifted = (s if s <= wait.start else s + wait.num_samples for s in self._knots())
        extra = sorted({*cuts, wait.start, wait.start + wait.num_samples})
        starts = (s for s, _ in groupby(merge(shifted, extra)) if 0 < s < total)
        return pairwise(chain([0], starts, [total]))

    def _knots(self) -> Iterator[int]:
        """Yield the samples of the reference where its learning rate jumps or turns."""
        total = self.num_total_samples - self.wait.num_samples
        if self.hold:
            _require_few(total // self.num_samples)
            yield from range(self.num_samples, total, self.num_samples)
            return
        end = total * self.units_per_sample
        _require_few(math.floor(end / (self.curve.period or end)))
        for knot in _limited(self.curve.knots(end)):
            yield math.ceil(knot / self.units_per_sample)

    def direction(self, start: int, stop: int) -> int:
        """Return 1 where a piece rises, −1 where it falls, 0 where it is constant."""
        if self.hold or not self.curve.smooth:
            return 0
        first, last = self.lr(start), self.lr(stop - 1)
        return (last > first) - (last < first)


def build_reference_lr(reference: Reference, num_samples: int, wait: Wait) -> ReferenceLr:
    """Build what a plan follows; raises InputError where the curve does not fit the run."""
    curve, per_sample = reference.build_curve(), _units_per_sample(reference, num_samples)
    total = _num_total_samples(reference, num_samples)
    _require_inside(curve, reference, total * per_sample)
    return ReferenceLr(
        curve,
        per_sample,
        num_samples,
        total + wait.num_samples,
        reference.hold == "epoch",
        wait,
    )


def _units_per_sample(reference: Reference, num_samples: int) -> Fraction:
    if reference.unit == "epochs":
        return Fraction(1, num_samples)
    if reference.unit == "updates":
        return Fraction(1, reference.global_batch_size)
    return Fraction(reference.tokens_per_sample or 1) if reference.unit == "tokens" else Fraction(1)


def require_num_samples(num_samples: int) -> None:
    """Raise InputError unless it is a whole number, 1 or more."""
    require_integer("data.num_samples", num_samples)
    if num_samples < 1:
        raise InputError(f"data.num_samples = {num_samples}: must be at least 1")


def _num_total_samples(reference: Reference, num_samples: int) -> int:
    require_num_samples(num_samples)
    total = math.ceil(exact(reference.epochs) * num_samples)
    if total > _MAX_CURSOR:
        raise InputError(
            f"schedule.epochs = {reference.epochs:g}: of {num_samples} samples each are more than "
            "a 64-bit cursor counts",
        )
    if reference.epochs > _MAX_EPOCHS:
        raise InputError(
            f"schedule.epochs = {reference.epochs:g}: at most 2³² = {_MAX_EPOCHS}, after which the "
            "stream of samples would repeat itself",
        )
    return total


def _nearer(reference: Reference, end: Fraction) -> str:
    """Return milestones in the proportions of the reference, the last at 5/6 of the run."""
    if reference.curve.get("name") != "MultiStepLR":
        return ""
    milestones = reference.curve["milestones"]
    scale = float(end) * 5 / 6 / milestones[-1]
    nearer = ", ".join(f"{milestone * scale:.6g}" for milestone in milestones)
    return f"; schedule.curve.milestones = [{nearer}] keeps their proportions within the run"


def _require_inside(curve: Curve, reference: Reference, end: Fraction) -> None:
    if curve.last_milestone >= end:
        raise InputError(
            f"schedule.curve: the milestone {float(curve.last_milestone):g} is not before the "
            f"end of the run, schedule.epochs = {reference.epochs:g}",
            hint=f"milestones are counted in {reference.unit}" + _nearer(reference, end),
        )
    if curve.stop is not None and curve.stop < end:
        raise InputError(
            f"schedule.curve: ends after {float(curve.stop):g} {reference.unit}, and the run, "
            f"schedule.epochs = {reference.epochs:g}, has {float(end):g}",
            hint=ENDS,
        )


def _limited(knots: Iterable[Fraction]) -> Iterator[Fraction]:
    for number, knot in enumerate(knots, start=1):
        _require_few(number)
        yield knot


def _require_few(number_of_knots: int) -> None:
    """Raise InputError at once where so many knots would take without end."""
    if number_of_knots > _MAX_KNOTS:
        raise InputError(f"schedule.curve: changes more than {_MAX_KNOTS} times in the run")

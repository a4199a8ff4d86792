"""What the curve of a plan allows at most, and what keeps the plan from it, in updates.

A batch that took all of the decay at every sample s would be B₁ (p / ε(s))^e, with the first batch
B₁, the peak p of the learning rate and the exponent e of the rule, 1 for linear and 2 for sqrt. The
updates would be the integral of 1/B, ∫ (ε / p)^e ds / B₁. Each limit of a plan makes B another one,
and what it adds is the difference of the two integrals, the limits taken one after the other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil, fsum, inf, log

from bsgrow.schedule.curves import exact
from bsgrow.schedule.phases import decay_from, first_where
from bsgrow.schedule.plan import Plan
from bsgrow.schedule.reference_lr import ReferenceLr, build_reference_lr
from bsgrow.schedule.sizes import SLACK, Sizes

LIMITS = ("batch_exponent", "warm_up", "restarts", "mode", "max_batch_size", "factor", "rounding")
"""What keeps a plan from what its curve allows, in the order in which it is counted.

``rounding`` is to whole samples and to ``growth.multiple_of``; what is left is ``whole_updates``:
that an update runs on past a change, and that the last one is cut."""

_MOST_COST = 10_000  # evaluations of the curve, about
_GAUSS = (  # nodes and weights over (−1, 1), exact for polynomials up to degree 15
    (0.9602898564975363, 0.1012285362903763),
    (0.7966664774136267, 0.2223810344533745),
    (0.5255324099163290, 0.3137066458778873),
    (0.1834346424956498, 0.3626837833783620),
)
_NODES = tuple((Fraction((1 + sign * x) / 2), w / 2) for x, w in _GAUSS for sign in (-1, 1))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a curve allows, and what a plan makes of it.

    Attributes:
        mean: (lr / its peak)^e of the reference, on average over the samples of the plan.
        num_updates: that are made where the batch takes all of the decay at every sample; of a
            curve that falls, no plan from the same first batch makes fewer.
        kept_by: updates that each limit adds, by ``LIMITS`` and ``whole_updates``, negative where
            it saves some, as a batch does that stays where the learning rate rises again. With
            num_updates they add up to those of the plan.
    """

    mean: float
    num_updates: float
    kept_by: Mapping[str, float]


def allowance(plan: Plan) -> Allowance | None:
    """Return what the curve of a plan allows; None for curves of thousands of pieces.

    The cost grows with the pieces of the curve and with the levels of the batch.
    """
    walk = _Walk(plan)
    if not walk.is_short():
        return None
    stretches = list(walk.stretches())
    sums = [fsum(column) for column in zip(*(s.updates for s in stretches), strict=True)]
    steps = [after - before for before, after in pairwise(sums)]
    rises = fsum(s.updates[2] - s.updates[1] for s in stretches if s.before_peak)
    parts = [steps[0], rises, steps[1] - rises, *steps[2:]]
    kept_by = dict(
        zip((*LIMITS, "whole_updates"), [*parts, plan.num_updates - sums[-1]], strict=True)
    )
    if plan.is_smooth and plan.growth.factor == "continuous":  # each update is rounded on its own
        kept_by["rounding"] += kept_by["whole_updates"]
        kept_by["whole_updates"] = 0.0
    mean = fsum(s.mean for s in stretches) / plan.num_total_samples
    return Allowance(mean, sums[0], kept_by)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch of samples over which all batch sizes are smooth in the learning rate.

    Attributes:
        before_peak: whether the learning rate is highest later.
        mean: the integral of (lr / peak)^e.
        updates: that of 1/B, with no limit, with one, and so on.
    """

    before_peak: bool
    mean: float
    updates: tuple[float, ...]


class _Walk:
    """The samples of a plan, with the batch that each would be in under more and more limits."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sizes = Sizes(plan.reference, plan.growth, plan.num_samples)
        free = replace(plan.growth, batch_exponent=None)
        self._free = Sizes(plan.reference, free, plan.num_samples)
        self._lr: ReferenceLr = build_reference_lr(plan.reference, plan.num_samples, plan.wait)
        self._raised = ceil(exact(plan.growth.momentum_at) * plan.num_samples)
        self._top, self._first_decay = 0.0, inf
        self._peak, self._deepest = 0.0, 1.0

    def is_short(self) -> bool:
        """Return whether there are few enough pieces; takes note of the peak on the way."""
        levels, cost = self._most_levels(), 0.0
        for number, (start, stop) in enumerate(self._lr.pieces([self._raised])):
            moves = self._lr.direction(start, stop) != 0
            passes_levels = moves and (number == 0 or self._plan.growth.shrink)
            cost += 1 + 9 * moves + 30 * levels * passes_levels
            if cost > _MOST_COST:
                return False
            self._top = max(self._top, self._lr.lr(start), self._lr.lr(stop - 1))
        if self._plan.growth.mode == "hybrid":
            self._first_decay = self._hybrid_decay()
        return True

    def _most_levels(self) -> float:
        factor, cap = self._plan.growth.factor, self._plan.growth.cap
        if not isinstance(factor, float) or cap is None:
            return 0.0
        return log(cap / self._sizes.wanted(1.0, self._plan.reference.momentum), factor)

    def stretches(self) -> Iterator[_Stretch]:
        """Yield the stretches of a plan in order."""
        for start, stop in self._lr.pieces([self._raised]):
            momentum = self._sizes.momentum(raised=start >= self._raised)
            self._record(self._lr.lr(start))
            before_peak = self._peak < self._top
            moves = self._lr.direction(start, stop) != 0
            for first, last in self._cut(start, stop, momentum) if moves else [(start, stop)]:
                yield self._stretch(first, last, momentum, before_peak, moves)
            self._record(self._lr.lr(stop - 1))

    def _hybrid_decay(self) -> float:
        """Return the decay at which ``hybrid`` has grown; infinity where it never does."""
        peak = 0.0
        for phase in self._plan.phases:
            lr = self._plan.reference_lr(phase.start_sample)
            peak = max(peak, lr)
            if phase.global_batch_size > self._sizes.size(1.0, phase.momentum):
                return decay_from(peak, lr)
            peak = max(peak, self._plan.reference_lr(phase.last_start))
        return inf

    def _record(self, lr: float) -> None:
        self._deepest, self._peak = self._decay(lr), max(self._peak, lr)

    def _decay(self, lr: float) -> float:
        """Return by what factor the learning rate is below its highest so far, as a plan has it."""
        now = max(1.0, decay_from(self._peak, lr))
        return now if self._plan.growth.shrink else max(now, self._deepest)

    def _taken(self, decay: float) -> float:
        """Return the part of a decay that the batch takes by ``growth.mode``."""
        mode = self._plan.growth.mode
        return (
            decay if mode == "grow" else 1.0 if mode == "decay" else min(decay, self._first_decay)
        )

    def _cut(self, start: int, stop: int, momentum: float) -> Iterator[tuple[int, int]]:
        """Yield a piece in stretches, each up to where another limit holds the batch."""

        def regime(sample: int) -> tuple[object, ...]:
            decay = self._decay(self._lr.lr(sample))
            taken = self._taken(decay)
            level, cap = self._sizes.level(taken, momentum), self._plan.growth.cap
            has_levels = self._plan.growth.factor != "continuous"
            return level if has_levels else level == cap, decay > self._deepest, decay > taken

        while start < stop:
            begun = start

            def changed(after: int, begun: int = begun, held: object = regime(begun)) -> bool:
                return regime(begun + after) != held

            start += first_where(changed, stop - start) if stop - start > 1 else 1
            yield begun, start

    def _stretch(
        self, start: int, stop: int, momentum: float, before_peak: bool, moves: bool
    ) -> _Stretch:
        length = stop - start
        nodes = _NODES if moves else ((Fraction(0), 1.0),)
        lrs = [(self._lr.lr(start + length * x), weight * length) for x, weight in nodes]
        exponent = self._plan.growth.scaling.exponent
        mean = fsum(weight / decay_from(self._top, lr) ** exponent for lr, weight in lrs)
        smooth = moves and self._plan.growth.factor == "continuous"
        sizes = [self._batch_sizes(lr, momentum, smooth) for lr, _ in lrs]
        weights = [weight for _, weight in lrs]
        updates = (
            fsum(weight / size for weight, size in zip(weights, column, strict=True))
            for column in zip(*sizes, strict=True)
        )
        return _Stretch(before_peak, mean, tuple(updates))

    def _batch_sizes(self, lr: float, momentum: float, smooth: bool) -> tuple[float, ...]:
        """Return the batch size with no limit, and with each further one."""
        whole = max(1.0, decay_from(self._top, lr))
        decay = self._decay(lr)
        taken = self._taken(decay)
        sizes, cap = self._sizes, self._plan.growth.cap
        wanted = sizes.wanted(taken, momentum)
        level = sizes.level(taken, momentum)
        return (
            self._free.wanted(whole, momentum),
            sizes.wanted(whole, momentum),
            sizes.wanted(decay, momentum),
            wanted,
            wanted if cap is None else min(wanted, cap),
            level if level == cap else level / SLACK,
            level / SLACK if smooth else sizes.rounded(level),
        )

"""One cycle over the whole run: up to a top, and down far below the beginning."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Literal

from bsgrow.errors import InputError
from bsgrow.schedule.curves.curve import Curve, before, exact, register, require, require_one_of
from bsgrow.schedule.curves.cyclic import require_plan_momentum
from bsgrow.schedule.curves.decay import half_cosine, mix


@register
def OneCycleLR(
    lr: float,
    /,
    *,
    max_lr: float,
    total_steps: int | None = None,
    epochs: int | None = None,
    steps_per_epoch: int | None = None,
    pct_start: float = 0.3,
    anneal_strategy: Literal["cos", "linear"] = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
    cycle_momentum: bool = False,
) -> Curve:
    """From max_lr / div_factor up to max_lr, then down to max_lr / (div_factor · final_div_factor).

    The top is at pct_start · total_steps − 1 and the end at total_steps − 1, as in torch; with
    three_phase the learning rate falls back to where it began in as long a time as it rose. What
    would lie past the end is cut off, and the learning rate stays there.

    Args:
        lr: not used, as in torch, where max_lr takes its place.
        max_lr: the learning rate at the top; above 0.
        total_steps: length of the cycle; the run must not be longer.
        epochs: with steps_per_epoch, what total_steps is the product of.
        steps_per_epoch: see epochs.
        pct_start: the part of the cycle that rises, in [0, 1]; not 1 / total_steps, where the top
            would be at the start and torch divides by 0.
        anneal_strategy: ``cos`` or ``linear`` between start, top and end.
        div_factor: max_lr divided by the first learning rate; above 0.
        final_div_factor: the first learning rate divided by the last one; above 0.
        three_phase: whether a phase of its own goes from the first learning rate to the last.
        cycle_momentum: false, other than torch's default: a plan sets the momentum itself.

    Source:
        arXiv 1708.07120.
    """
    require_one_of("anneal_strategy", anneal_strategy, _ANNEAL)
    require_plan_momentum(cycle_momentum)
    total = _total_steps(total_steps, epochs, steps_per_epoch)
    top = _top(pct_start, total)
    lrs = _corner_lrs(max_lr, div_factor, final_div_factor)
    ends = [Fraction(0), top, *([2 * top] if three_phase else []), Fraction(total - 1)]
    corners = list(zip(ends, lrs if three_phase else [*lrs[:2], lrs[3]], strict=True))
    return _joined(corners, _ANNEAL[anneal_strategy], total)


_ANNEAL: dict[str, Callable[[Fraction], float]] = {
    "cos": lambda done: 1 - half_cosine(done),
    "linear": float,
}


def _joined(
    corners: Sequence[tuple[Fraction, float]], anneal: Callable[[Fraction], float], total: int
) -> Curve:
    """Return the curve through positions and learning rates, up to total − 1.

    A phase that ends before 0 is skipped, and only its end counts, as in torch.
    """
    last = Fraction(total - 1)
    num_phases = sum(start < last for start, _ in corners[:-1])
    ends, lrs = zip(*corners[: num_phases + 1], strict=True)

    def value(position: Fraction) -> float:
        position = min(position, last)
        i = next(i for i in range(1, len(ends)) if position <= ends[i])
        done = (position - ends[i - 1]) / (ends[i] - ends[i - 1])
        return mix(lrs[i - 1], lrs[i], anneal(done))

    knots = [*ends[1:-1], last]
    return Curve(
        value,
        lambda stop: before(stop, knots),
        smooth=True,
        chainable=False,
        stop=Fraction(total),
    )


def _corner_lrs(max_lr: float, div_factor: float, final_div_factor: float) -> list[float]:
    """Return the learning rate at the start, at the top, back at the start, and at the end."""
    require(max_lr > 0, "max_lr", max_lr, "must be above 0")
    require(div_factor > 0, "div_factor", div_factor, "must be above 0")
    require(final_div_factor > 0, "final_div_factor", final_div_factor, "must be above 0")
    first = max_lr / div_factor
    return [first, max_lr, first, first / final_div_factor]


def _top(pct_start: float, total: int) -> Fraction:
    require(0 <= pct_start <= 1, "pct_start", pct_start, "must be between 0 and 1")
    top = exact(pct_start) * total - 1
    require(top != 0, "pct_start", pct_start, "leaves a phase of the cycle no length")
    return top


def _total_steps(total: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total is None and epochs is not None and steps_per_epoch is not None:
        total = epochs * steps_per_epoch
    if total is None:
        raise InputError("schedule.curve.total_steps: is missing, OneCycleLR needs it")
    require(total > 1, "total_steps", total, "must be above 1")
    return total

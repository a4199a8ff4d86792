"""Why a plan saves no updates, or hardly any, in one sentence."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bsgrow.errors import InputError
from bsgrow.schedule.compile import compile_plan
from bsgrow.schedule.phases import decay_from
from bsgrow.schedule.plan import Plan
from bsgrow.text.command import setting

_FEW = 0.9  # of the reference's updates; a plan that makes more saves hardly any
_MATTERS = 0.01  # of the reference's updates; what would save less is no reason
_LEVEL = 1 + 1e-9  # a decay below is rounding


def why_nothing_is_saved(plan: Plan) -> list[str]:
    """Return the reason why a plan makes about as many updates as its reference, if it does."""
    made, baseline = plan.num_updates, plan.baseline_num_updates
    if made <= _FEW * baseline:
        return []
    if made > baseline:
        saved = f"{made - baseline} updates more than the baseline's"
    else:
        share = f"only {100 * (1 - made / baseline):.2g} % of the updates are saved"
        saved = share if made < baseline else "no update is saved"
    return [f"{saved}: {_reason(plan)}"]


def _reason(plan: Plan) -> str:
    first, decay = plan.phases[0].global_batch_size, _largest_decay(plan)
    if first < plan.reference.global_batch_size:
        return (
            f"the first batch is {first}, below schedule.global_batch_size = "
            f"{plan.reference.global_batch_size}, by {_smaller_first(plan)}"
        )
    if decay <= _LEVEL:
        return f"the lr {_course(plan)}, and the batch grows only where it falls"
    if plan.growth.mode == "decay":
        grows = _updates(plan, mode="grow") < plan.num_updates
        advice = f"; {setting('growth.mode', 'grow')} lets it take the decay" if grows else ""
        return f'growth.mode = "decay" leaves the batch alone{advice}'
    key = next(_holding(plan), None)
    return _held(plan, key) if key else _little(plan, decay)


def _largest_decay(plan: Plan) -> float:
    """Return by what factor the reference's lr is below its highest so far, at most."""
    peak, largest = 0.0, 1.0
    for phase in plan.phases:
        for start in (phase.start_sample, phase.last_start):
            lr = plan.reference_lr(start)
            peak = max(peak, lr)
            largest = max(largest, decay_from(peak, lr))
    return largest


def _smaller_first(plan: Plan) -> str:
    growth = plan.growth
    if growth.lr_scale < 1:
        return f"growth.lr_scale = {growth.lr_scale:g}"
    if growth.momentum is not None and growth.momentum < plan.reference.momentum:
        return f"growth.momentum = {growth.momentum:g}"
    return f"growth.multiple_of = {growth.multiple_of}"


def _course(plan: Plan) -> str:
    ends = (start for phase in plan.phases for start in (phase.start_sample, phase.last_start))
    return "only rises" if len(set(map(plan.reference_lr, ends))) > 1 else "is constant"


def _holding(plan: Plan) -> Iterator[str]:
    """Yield the settings that hold the batch back, the weightiest first; alone, or together."""
    baseline, fine = plan.baseline_num_updates, _fine_factor(plan)
    free = {
        "max_batch_size": plan.num_samples - plan.growth.exact,
        "batch_exponent": None,
        "multiple_of": 1,
        "factor": fine,
        "mode": "grow",
    }
    given = {key: free[key] for key in free if getattr(plan.growth, key) not in (free[key], None)}
    least = max(2 * (baseline - plan.num_updates), _MATTERS * baseline)
    alone = {key: baseline - _updates(plan, **{key: value}) for key, value in given.items()}
    weighty = [key for key in alone if alone[key] > least]
    if weighty:
        yield from sorted(weighty, key=lambda key: -alone[key])
    elif baseline - _updates(plan, **given) > least:
        yield from given


def _updates(plan: Plan, **free: Any) -> int:
    """Return the updates of a plan with some settings changed; its own where there is none."""
    fine = {"factor": _fine_factor(plan)} if plan.growth.factor == "continuous" else {}
    try:
        growth = replace(plan.growth, **(fine | free))
        return compile_plan(plan.reference, growth, plan.num_samples).num_updates
    except InputError:
        return plan.num_updates


def _fine_factor(plan: Plan) -> float | str:
    """Return levels that hardly hold a batch back, and are few whatever the number of updates."""
    return 1.05 if plan.reference.build_curve().smooth else "continuous"


def _held(plan: Plan, key: str) -> str:
    """Say in which way a setting holds the batch back."""
    value, first = getattr(plan.growth, key), plan.phases[0].global_batch_size
    if key == "max_batch_size":
        return _capped(plan, value, first, _largest(plan))
    if key == "mode":
        return f'growth.mode = "{value}" takes the first decay alone; "grow" takes all of it'
    if key == "batch_exponent":
        return f"growth.batch_exponent = {value:g} leaves most of the decay to the lr"
    if key == "multiple_of":
        return f"batches are rounded down to multiples of growth.multiple_of = {value}"
    return (
        f"the first level of growth.factor = {value:g} is a batch of {first * value:.6g}, which "
        "the decay reaches late or not at all"
    )


def _capped(plan: Plan, cap: int, first: int, largest: int) -> str:
    default = max(plan.num_samples // 10, first)
    is_default = cap == default and plan.reference.build_curve().smooth
    by_default = ", by default N/10 or the first batch," if is_default else ""
    room = f"is no more than the first batch, {first}"
    if largest > first:
        room = f"lets the batch grow from {first} to {largest} only"
    return f"growth.max_batch_size = {cap}{by_default} {room}; a larger one lets it grow"


def _little(plan: Plan, decay: float) -> str:
    """Say how little the batch has to take, or how late."""
    first = plan.phases[0].global_batch_size
    grown = next((p for p in plan.phases if p.global_batch_size > first), None)
    if first >= plan.num_samples - plan.growth.exact:
        return f"the first batch, {first}, cannot grow, with {plan.num_samples} samples"
    if grown is None:
        return f"the lr falls by {100 * (1 - 1 / decay):.2g} % at most"
    epoch = f"{grown.start_sample / plan.num_samples:.4g} of {plan.epochs:.4g}"
    return f"the batch grows from {first} to {_largest(plan)}, and not before epoch {epoch}"


def _largest(plan: Plan) -> int:
    return max(phase.global_batch_size for phase in plan.phases)

"""What would work where a system cannot follow a plan: each way is tried before it is named."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bsgrow.errors import InputError
from bsgrow.schedule.compile import compile_plan
from bsgrow.schedule.config import Growth, Reference
from bsgrow.schedule.export.comparison import compare
from bsgrow.schedule.export.target import Format, Target, fitting_micro_batch
from bsgrow.schedule.plan import Plan

_NEAR = "comes near"


def ways_out(
    plan: Plan, name: str, target: Target, formats: Mapping[str, Format], *, is_near: bool
) -> Iterator[str]:
    """Yield other systems that follow a plan, and changes of the plan that this one follows.

    Args:
        plan: the plan that was refused.
        name: the system that it was refused for.
        target: the run there.
        formats: all systems, by name.
        is_near: whether it comes near the plan, so that only what follows it is a way out.
    """
    enough = ("follows",) if is_near else ("follows", _NEAR)
    for other in ("deepspeed", "olmo-core"):
        how = _follows(plan, other, target, formats) if other != name else ""
        if how in enough:
            yield f"take {other}{_options(plan, other, how, target)}, which {how} this plan"
    for change, changed in _changes(plan, name):
        if (how := _follows(changed, name, target, formats)) in enough:
            kind = "this curve" if plan.is_smooth else "a step curve"
            option = " with approximate" if how == _NEAR else ""
            yield f"{formats[name].name} itself {how} {kind} with {change}{option}"


def _follows(plan: Plan, name: str, target: Target, formats: Mapping[str, Format]) -> str:
    """Return how well a system follows a plan, in a word; empty where it does not."""
    try:
        draft = formats[name].draft(plan, target)
    except InputError:
        return ""
    found = compare(plan, draft, formats[name].name, target.lr_tolerance)
    if found.is_far:
        return ""
    return _NEAR if found.sentences else "follows"


def _options(plan: Plan, name: str, how: str, target: Target) -> str:
    """Return what that system must be told besides."""
    micro, given = "", target.micro_batch_size
    fits = fitting_micro_batch(plan, target.world_size, given or 64)
    if given != fits and (given is not None or name == "deepspeed"):
        micro = f" micro_batch_size={fits}"
    return micro + (" with approximate" if how == _NEAR else "")


def _changes(plan: Plan, name: str) -> Iterator[tuple[str, Plan]]:
    """Yield plans of the same reference that differ in one setting, where they compile."""
    for change, reference, growth in _settings(plan, name):
        try:
            compiled = compile_plan(reference, growth, plan.num_samples)
        except InputError:
            continue
        if not reference.hold or len(compiled.phases) > 1:  # else nothing is left of the curve
            yield change, compiled


def _settings(plan: Plan, name: str) -> Iterator[tuple[str, Reference, Growth]]:
    """Yield the settings that a system may follow, each with what a user writes for it."""
    growth, reference = plan.growth, plan.reference
    for size in _uncapped(plan):
        yield f"growth.max_batch_size={size}", reference, replace(growth, max_batch_size=size)
    if growth.mode != "decay":
        yield "growth.mode=decay", reference, replace(growth, mode="decay")
    if name == "olmo-core" and growth.mode != "decay":
        first = plan.phases[0].global_batch_size
        cap = first << ((growth.cap or plan.num_samples // 10) // first).bit_length() - 1
        doubled = replace(growth, factor=2.0, max_batch_size=cap)
        yield f"growth.factor=2 growth.max_batch_size={cap}", reference, doubled
    if growth.shrink:
        yield "growth.shrink=false", reference, replace(growth, shrink=False)
    if name == "lightning" and reference.hold is None:
        yield "schedule.hold=epoch", replace(reference, hold="epoch"), growth


def _uncapped(plan: Plan) -> list[int]:
    """Return the batch that a step curve reaches without a cap, where there is one."""
    cap = plan.growth.cap
    if cap is None or plan.is_smooth or plan.growth.mode == "decay":
        return []
    free = replace(plan.growth, max_batch_size=None)
    try:
        phases = compile_plan(plan.reference, free, plan.num_samples).phases
    except InputError:
        return []
    largest = max(phase.global_batch_size for phase in phases)
    return [largest] if largest > cap else []

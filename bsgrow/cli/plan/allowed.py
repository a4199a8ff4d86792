"""What a curve allows, and what keeps a plan from it, in a sentence for people."""

from itertools import accumulate, pairwise

from bsgrow.schedule import Allowance, Plan

_OF_THE_CURVE = {
    "warm_up": "the warm-up",
    "restarts": "a batch that stays where lr rises again",
    "whole_updates": "updates that end past a change",
}


def allowed(plan: Plan, allowance: Allowance) -> str:
    """Return what a curve allows, and the updates that each limit adds, which add up.

    Numbers are rounded so that they do as well.
    """
    totals = accumulate(allowance.kept_by.values(), initial=allowance.num_updates)
    parts = [after - before for before, after in pairwise(map(round, totals))]
    told = [
        f"{part:+d} by {_limit(plan, name)}"
        for name, part in zip(allowance.kept_by, parts, strict=True)
        if part
    ]
    ratio = "lr ÷ its peak" if plan.growth.scaling.exponent == 1 else "(lr ÷ its peak)²"
    allows = f"the curve allows {round(allowance.num_updates)} updates"
    why = f"as {ratio} is {allowance.mean:.4g} on average"
    return "; ".join([f"{allows}, {why}", *filter(None, [", ".join(told)])])


def _limit(plan: Plan, name: str) -> str:
    """Return what a limit is called: by its key, where it has one."""
    if name in _OF_THE_CURVE:
        return _OF_THE_CURVE[name]
    key = "multiple_of" if name == "rounding" else name
    value = getattr(plan.growth, key)
    if name == "rounding" and value == 1:
        return "whole samples"
    return f"growth.{key} = {value:g}" if isinstance(value, float) else f"growth.{key} = {value}"

"""What a loader and a scheduler refuse of what a loop gives them, in one sentence."""

from collections.abc import Mapping, Sized
from operator import index
from typing import Any

from bsgrow.errors import InputError
from bsgrow.schedule import Plan

_OURS = ("batch_size", "batch_sampler", "sampler", "drop_last")


def require_plan(plan: object) -> None:
    """Raise InputError unless it is a plan."""
    if not isinstance(plan, Plan):
        raise InputError(
            f"plan: expected a Plan, got {type(plan).__name__}",
            hint="bsgrow.plan_recipe(bsgrow.load_recipe(…)), compile_plan(…) or "
            "plan_from_lr_scheduler(…) return one",
        )


def require_fits(dataset: Any, plan: Plan, dataloader: Mapping[str, Any]) -> None:
    """Raise InputError unless a data set fits a plan, which decides some arguments."""
    require_plan(plan)
    if not hasattr(dataset, "__getitem__") or not isinstance(dataset, Sized):
        raise InputError(
            f"{type(dataset).__name__}: has no __getitem__ and __len__, so that samples cannot be "
            "taken in the order of the plan",
            hint="an iterable data set brings an order of its own; give a map-style one",
        )
    if len(dataset) != plan.num_samples:
        raise InputError(
            f"the data set has {len(dataset)} samples, the plan is for {plan.num_samples}",
            hint=f"compile the plan with num_samples={len(dataset)}",
        )
    if ours := [key for key in _OURS if key in dataloader]:
        raise InputError(f"{', '.join(ours)}: the plan decides that; leave it out")
    if not dataloader.get("in_order", True):
        raise InputError("in_order=False: would hand out samples of one update in another")


def require_integers(least: int, **named: Any) -> None:
    """Raise InputError unless each is an integer, ``least`` or more."""
    for name, value in named.items():
        if not _is_integer(value) or index(value) < least:
            raise InputError(f"{name} = {value!r}: expected an integer, {least} or more")


def require_state(state_dict: object, plan: Plan) -> None:
    """Raise InputError unless it is a state that stands within a plan."""
    if not isinstance(state_dict, Mapping):
        raise InputError(
            f"the state is {type(state_dict).__name__}, expected what state_dict() returned"
        )
    number: Any = state_dict.get("num_updates", 0)
    if not _is_integer(number) or not 0 <= number <= plan.num_updates:
        raise InputError(
            f"num_updates = {number!r}: expected an integer from 0 to {plan.num_updates}, "
            "the updates of the plan"
        )


def require_same_place(num_updates: int, num_steps: int) -> None:
    """Raise InputError where a Trainer goes on from a checkpoint that has nothing of the plan.

    Args:
        num_updates: that are made, as the loader knows.
        num_steps: as the Trainer counts them.
    """
    if num_updates != num_steps:
        raise InputError(
            f"the Trainer goes on after {num_steps} steps, and the plan after {num_updates} "
            "updates: its checkpoint was not written by a run of this plan",
            hint="go on from one that was; or load its weights alone into the model, and begin",
        )


def _is_integer(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool)

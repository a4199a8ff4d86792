"""What a loader and a scheduler refuse of what a loop gives them, in one sentence."""

from collections.abc import Iterator, Mapping, Sized
from contextlib import contextmanager
from typing import Any

from torch.utils.data import DataLoader, IterableDataset

from bsgrow.errors import InputError
from bsgrow.schedule import Plan
from bsgrow.validation.annotated import check_arguments

_OURS = ("batch_size", "batch_sampler", "sampler", "drop_last")


def require_fits(dataset: Any, plan: Plan, dataloader: Mapping[str, Any]) -> None:
    """Raise InputError unless a data set fits a plan, which decides some arguments."""
    has_both = hasattr(dataset, "__getitem__") and isinstance(dataset, Sized)
    if not has_both or isinstance(dataset, IterableDataset):
        raise InputError(
            f"dataset = {type(dataset).__name__}: is not map-style, with __getitem__ and __len__, "
            "so that samples cannot be taken in the order of the plan",
            hint="an iterable data set brings an order of its own; give a map-style one",
        )
    if len(dataset) != plan.num_samples:
        raise InputError(
            f"dataset: has {len(dataset)} samples, the plan is for {plan.num_samples}",
            hint=f"compile the plan with num_samples={len(dataset)}",
        )
    if ours := [key for key in _OURS if key in dataloader]:
        raise InputError(
            f"{', '.join(ours)}: the plan decides that; leave it out",
            hint="bsgrow.Reference(global_batch_size=…) says what the batch begins with",
        )
    check_arguments(DataLoader.__init__, dict(dataloader), "torch.utils.data.DataLoader")
    if not dataloader.get("in_order", True):
        raise InputError(
            "in_order = False: would hand out samples of one update in another",
            hint="leave it out",
        )


@contextmanager
def saying_ours() -> Iterator[None]:
    """Say what DataLoader refuses of its arguments as an InputError."""
    try:
        yield
    except InputError:
        raise
    except (AssertionError, TypeError, ValueError) as error:
        raise InputError(
            f"DataLoader: {error}", hint="help(torch.utils.data.DataLoader) has its arguments"
        ) from error


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

"""Norms whose update is taken after each step of an optimizer, whichever it is."""

from typing import Any
from weakref import WeakSet

from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from bsgrow.models.update_statistics import Norm, take_each

_following: WeakSet[Norm] = WeakSet()
_hooks: list[Any] = []  # torch's, once there is one


def follow(norm: Norm) -> None:
    """Take the updates of a norm at each step, for as long as it awaits that."""
    _following.add(norm)
    if not _hooks:
        _hooks.append(register_optimizer_step_post_hook(_take))


def leave(norm: Norm) -> None:
    """Take no more updates of a norm."""
    _following.discard(norm)


def _take(optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    take_each([each for each in _following if each.awaits_step], None)

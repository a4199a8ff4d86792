"""What an optimizer remembers of each parameter, found out before there is any."""

from collections.abc import Iterable
from inspect import signature
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bsgrow.schedule import Plan, Update
from bsgrow.training.optimizers import DIAGNOSTICS, set_hyperparameters
from bsgrow.training.together import Together


class Form(NamedTuple):
    """What a tensor must be like to stand in for another: its shape and dtype."""

    shape: tuple[int, ...]
    dtype: torch.dtype

    @classmethod
    def of(cls, tensor: Tensor) -> "Form":
        """Return that of a tensor."""
        return cls(tuple(tensor.shape), tensor.dtype)

    @property
    def num_bytes(self) -> int:
        """The bytes that its elements take."""
        return prod(self.shape) * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{str(self.dtype).removeprefix('torch.')} of shape {list(self.shape)}"


def momenta_before(plan: Plan, num_updates: int) -> set[float]:
    """Return every momentum that the first so many updates of a plan are made with."""
    return {phase.momentum for phase in plan.phases if phase.first_index < num_updates}


def state_forms(optimizer: Optimizer, momenta: Iterable[float]) -> list[dict[str, Form]]:
    """Return what the optimizer remembers of each of its parameters after some updates.

    Args:
        optimizer: one of ``OPTIMIZERS``; not changed.
        momenta: those of the updates, each once, in any order; none before the first update.
    """
    momenta = list(momenta)
    parts = optimizer.parts if isinstance(optimizer, Together) else [optimizer]
    return [form for part in parts for form in _forms_of_part(part, momenta)]


def _forms_of_part(optimizer: Optimizer, momenta: Iterable[float]) -> list[dict[str, Form]]:
    stand_in = nn.Parameter(torch.zeros(2, 2))  # Muon takes nothing but a matrix
    remembered = _state_of(optimizer, stand_in, momenta)
    return [
        {
            name: Form.of(parameter) if value.shape == stand_in.shape else Form.of(value)
            for name, value in remembered.items()
            if name not in DIAGNOSTICS
        }
        for group in optimizer.param_groups
        for parameter in group["params"]
    ]


def forget_refused(optimizer: Optimizer, plan: Plan, num_updates: int) -> None:
    """Forget what an optimizer was told, and began to remember, in updates that were refused.

    On a device it makes room for a first momentum before the kernel sees that there is nothing to
    do, and leaves in it whatever is in that memory.

    Args:
        optimizer: one of ``OPTIMIZERS``.
        plan: of the run.
        num_updates: made, those that were refused not counted.
    """
    parameters = [each for group in optimizer.param_groups for each in group["params"]]
    forms = state_forms(optimizer, momenta_before(plan, num_updates))
    for parameter, expected in zip(parameters, forms, strict=True):
        state = optimizer.state[parameter]
        for name in state.keys() - expected.keys():
            del state[name]
        if not state:
            del optimizer.state[parameter]
    if num_updates:
        set_hyperparameters(optimizer, plan.update(num_updates - 1), is_made=True)


def _state_of(
    optimizer: Optimizer, parameter: nn.Parameter, momenta: Iterable[float]
) -> dict[str, Tensor]:
    """Make updates of one parameter that change nothing, and return what is remembered of it."""
    kind: Any = type(optimizer)
    taken = optimizer.defaults.keys() & signature(kind).parameters.keys()  # AdamW has more of them
    twin: Optimizer = kind([parameter], **{name: optimizer.defaults[name] for name in taken})
    for momentum in momenta:
        parameter.grad = torch.zeros_like(parameter)
        set_hyperparameters(twin, Update(0, 0, 1, lr=0.0, momentum=momentum))
        twin.step()
    return dict(twin.state[parameter])

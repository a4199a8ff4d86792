"""Several optimizers that step as one."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.optim import Optimizer


class Together(Optimizer):
    """Optimizers of different parameters of a model, stepped one after the other.

    Its groups and its state are theirs, so that it is saved and loaded as one.

    Args:
        parts: of at least one group each.
    """

    def __init__(self, parts: Sequence[Optimizer]) -> None:
        super().__init__([group for part in parts for group in part.param_groups], {})
        self._parts = list(parts)
        self._share()

    @property
    def parts(self) -> list[Optimizer]:
        """The optimizers, each with its own groups, in their order here."""
        return self._parts

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Step each."""
        for part in self._parts:
            part.step()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the state of all."""
        super().load_state_dict(state_dict)
        self._share()

    def _share(self) -> None:
        """Let the parts have the groups and the state of the whole."""
        first = 0
        for part in self._parts:
            stop = first + len(part.param_groups)
            part.param_groups, part.state = self.param_groups[first:stop], self.state
            first = stop

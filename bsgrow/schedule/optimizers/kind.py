"""What is known of an optimizer of torch's, without torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol


class Hyperparameters(Protocol):
    """What a recipe says of its optimizer; each kind takes what is its own."""

    @property
    def nesterov(self) -> bool:
        """Whether the momentum of SGD is Nesterov's."""

    @property
    def betas(self) -> tuple[float, float]:
        """Decay of Adam's two averages of the gradient."""

    @property
    def eps(self) -> float:
        """What is added to Adam's denominator."""

    @property
    def weight_decay(self) -> float:
        """On every parameter: L2 of SGD and Adam; of AdamW lr · weight_decay is taken off it."""


@dataclass(frozen=True)
class OptimizerKind:
    """An optimizer of torch's.

    Attributes:
        torch_name: of its class in ``torch.optim``.
        rule: the growth rule that is known to hold for it.
        has_momentum: whether it has a momentum coefficient m, and its step is ε/(1 − m).
        own_arguments: torch's keyword arguments besides lr and weight_decay, which all have, by
            hyperparameters and momentum.
    """

    torch_name: str
    rule: str
    has_momentum: bool
    own_arguments: Callable[[Hyperparameters, float], Mapping[str, object]]

    def arguments(self, config: Hyperparameters, momentum: float) -> dict[str, object]:
        """Return torch's keyword arguments besides the learning rate."""
        return {**self.own_arguments(config, momentum), "weight_decay": config.weight_decay}

"""What is known of an optimizer, without torch."""

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
    """An optimizer of torch's, or of a library that is made like torch's.

    Attributes:
        torch_name: of its class.
        rule: the growth rule that is known to hold for it.
        has_momentum: whether it has a momentum coefficient m.
        own_arguments: torch's keyword arguments besides lr and weight_decay, which all have, by
            hyperparameters and momentum.
        module: that has the class.
        is_fused: whether torch has one kernel of it for all parameters.
        momentum_lengthens: whether the momentum makes its step 1/(1 − m) times as long.
        has_betas: whether it has Adam's two averages of the gradient, be it for some parameters.
        decouples_decay: whether an update takes lr · weight_decay off, apart from the gradient.
        rule_note: why the rule is taken, where that is not known of the optimizer by itself.
    """

    torch_name: str
    rule: str
    has_momentum: bool
    own_arguments: Callable[[Hyperparameters, float], Mapping[str, object]]
    module: str = "torch.optim"
    is_fused: bool = True
    momentum_lengthens: bool = True
    has_betas: bool = False
    decouples_decay: bool = False
    rule_note: str = ""

    def arguments(self, config: Hyperparameters, momentum: float) -> dict[str, object]:
        """Return torch's keyword arguments besides the learning rate."""
        return {**self.own_arguments(config, momentum), "weight_decay": config.weight_decay}

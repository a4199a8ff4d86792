"""What a growth rule is: what is held while batch and learning rate change."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A rule by which the noise of the reference is kept.

    Attributes:
        exponent: the e of B ∝ ε^e at a constant of what is held.
        lr_ratio: by what the learning rate is multiplied where the batch is, at a constant of what
            is held.
        scales_adam: whether Adam's own constants go with the batch, as its source has it.
    """

    exponent: int
    lr_ratio: Callable[[float], float]
    scales_adam: bool = False

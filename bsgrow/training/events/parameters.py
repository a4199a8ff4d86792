"""What a run says of its parameters."""

from dataclasses import dataclass
from typing import ClassVar

from bsgrow.training.events.numbers import Count, Number


@dataclass(frozen=True, slots=True)
class ParametersGrouped:
    """Which parameters are trained otherwise than the others, where a recipe asks for that.

    Attributes:
        num_updates: updates made since the start of the run.
        num_frozen: parameters, counted by their numbers, that stay as they are.
        num_frozen_norms: batch norms that keep their running statistics.
        num_without_decay: trained parameters, counted by their numbers, without weight decay.
        num_hidden: parameters, counted by their numbers, that Muon steps; AdamW the others.
        head: name of the layer whose lr is scaled; empty where none is.
        head_lr_scale: its lr over that of the plan.
    """

    event: ClassVar[str] = "parameters_grouped"
    num_updates: Count
    num_frozen: Count = 0
    num_frozen_norms: Count = 0
    num_without_decay: Count = 0
    num_hidden: Count = 0
    head: str = ""
    head_lr_scale: Number = 1.0

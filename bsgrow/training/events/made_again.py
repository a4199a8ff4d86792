"""Why an update is made again."""

from dataclasses import dataclass
from typing import ClassVar

from bsgrow.training.events.numbers import Count, Number


@dataclass(frozen=True, slots=True)
class MicroBatchHalved:
    """Memory was exhausted, and the update is made again in smaller micro-batches.

    Attributes:
        num_updates: updates made since the start of the run.
        micro_batch_size: samples per forward and backward pass from then on.
        reason: what the process said that ran out of memory.
    """

    event: ClassVar[str] = "micro_batch_halved"
    num_updates: Count
    micro_batch_size: Count
    reason: str


@dataclass(frozen=True, slots=True)
class LossScaleHalved:
    """The gradient overflowed float16, and the update is made again with half the loss scale.

    Attributes:
        num_updates: updates made since the start of the run.
        loss_scale: what the loss is multiplied by from then on.
    """

    event: ClassVar[str] = "loss_scale_halved"
    num_updates: Count
    loss_scale: Number


MadeAgain = MicroBatchHalved | LossScaleHalved

"""What was measured before a run began."""

from dataclasses import dataclass
from typing import ClassVar

from bsgrow.training.events.numbers import Count


@dataclass(frozen=True, slots=True)
class MicroBatchFound:
    """The size of micro-batch that ``run.micro_batch_size = "auto"`` has found on the device.

    Attributes:
        num_updates: updates made since the start of the run.
        micro_batch_size: samples per forward and backward pass, on all processes.
        measured: by this process: the sizes that it tried, with samples per second.
    """

    event: ClassVar[str] = "micro_batch_found"
    num_updates: Count
    micro_batch_size: Count
    measured: str

"""What fails or ends before the end of a run: a logger of it, or all of it."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from bsgrow.training.events.numbers import Count


@dataclass(frozen=True, slots=True)
class LoggerFailed:
    """A logger of ``run.loggers`` has failed, and is given no more; told once.

    Attributes:
        num_updates: updates made since the start of the run.
        logger: its name.
        reason: why.
    """

    event: ClassVar[str] = "logger_failed"
    num_updates: Count
    logger: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunLeft:
    """The run was left before its last update; where none is in a log, it was killed, or runs.

    Attributes:
        num_updates: updates made since the start of the run.
        why: it was asked to stop, it diverged, or it failed otherwise.
        reason: what was said.
    """

    event: ClassVar[str] = "run_left"
    num_updates: Count
    why: Literal["stopped", "diverged", "failed"]
    reason: str

"""What a logger is, and what it is told of a run."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

Ended = Literal["finished", "stopped", "failed"]


@dataclass(frozen=True)
class LoggedRun:
    """A run that begins, or goes on.

    Attributes:
        path: its directory, absolute.
        recipe: every key of its recipe, such as ``schedule.lr``, with its value.
        first_sample: samples consumed so far; above 0 when it goes on.
        kept: what a logger needs to go on with the same run, text by name; kept in the directory.
    """

    path: Path
    recipe: Mapping[str, Any]
    first_sample: int
    kept: MutableMapping[str, str]

    @property
    def name(self) -> str:
        """What the run is called: its directory, with the folder of an experiment."""
        return "/".join(self.path.parts[-2:]) if self.path.parent.name != "runs" else self.path.name


class Logger(Protocol):
    """Takes the numbers of one run, on a thread of its own; made anew when the run goes on.

    Whatever it raises is told once, and ends the logger but not the run.
    """

    def log(self, metrics: Mapping[str, float], consumed_samples: int) -> None:
        """Take numbers, all finite, at a position: more samples than the last time, or as many."""

    def close(self, ended: Ended) -> None:
        """Write what is left; the run has ended, or is left."""

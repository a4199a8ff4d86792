"""What a part of the check is: a command, how long it may take, and what is read of its output."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

Command = Sequence[str]
"""The arguments of a process, its interpreter first."""


class NotPossibleError(Exception):
    """A part cannot be done on this machine; the message says what it lacks."""


@dataclass(frozen=True)
class Machine:
    """What parts need to know of where they run.

    Attributes:
        num_cards: CUDA devices.
        scratch: an empty folder, removed after the check.
        facts: what a report states of the machine and its versions.
        has: whether a module of Python, or a program, is there.
    """

    num_cards: int
    scratch: Path
    facts: dict[str, Any]
    has: Callable[[str], bool]

    @property
    def has_card(self) -> bool:
        """Whether there is a CUDA device."""
        return self.num_cards > 0

    @property
    def patience(self) -> float:
        """How many times its limit a part may take: a host without a card may be slow, and busy."""
        return 1.0 if self.has_card else 4.0

    def require(self, *, card: bool = False, what: str | None = None) -> None:
        """Raise NotPossibleError where a card, or a module or program, is not there."""
        if card and not self.has_card:
            raise NotPossibleError("needs a card")
        if what is not None and not self.has(what):
            raise NotPossibleError(f"{what} is not installed")


class Figure(NamedTuple):
    """What was measured, beside its goal.

    Attributes:
        name: in words.
        value: None where it could not be measured, which meets no goal.
        least: the goal, or None.
        most: the goal, or None.
    """

    name: str
    value: float | None
    least: float | None = None
    most: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether the value is what the goal asks for; so is one without a goal."""
        if self.least is None and self.most is None:
            return True
        if self.value is None:
            return False
        return (self.least is None or self.value >= self.least) and (
            self.most is None or self.value <= self.most
        )

    def __str__(self) -> str:
        both = (("≥", self.least), ("≤", self.most))
        goals = [f"{sign} {goal:g}" for sign, goal in both if goal is not None]
        value = "not measured" if self.value is None else f"{self.value:.4g}"
        return f"{self.name} {value}" + (f" (goal {' and '.join(goals)})" if goals else "")


Read = Callable[[str, Machine], list[Figure]]
"""Returns the figures in what a command has written to stdout; raises ValueError or KeyError of
another form."""


@dataclass(frozen=True)
class Part:
    """One part of the check.

    Attributes:
        name: in a word or two.
        shows: what is known once it has passed.
        limit: seconds that it may take on a card.
        command: what runs, in a process of its own; raises NotPossibleError.
        read: returns the figures of its output.
        variables: of the environment, beside those of the check.
    """

    name: str
    shows: str
    limit: float
    command: Callable[[Machine], Command]
    read: Read
    variables: dict[str, str] = field(default_factory=dict)

"""What the doctor says about one thing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that bsgrow can use, and how it is.

    Attributes:
        kind: what sort of thing it is.
        name: its own.
        state: it ``works``, is ``missing``, or is there and ``broken``.
        needed: whether training on the CPU needs it.
        facts: what is known of it, as plain values.
        reason: why it does not work, or works in part.
        hint: what to do about that.
    """

    kind: Literal["machine", "module", "package", "tool", "device"]
    name: str
    state: Literal["works", "missing", "broken"]
    needed: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    hint: str | None = None

    @property
    def works(self) -> bool:
        """Whether it can be used."""
        return self.state == "works"

"""What a number counts and what it may be, said beside its type for a schema of all keys."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Quantity:
    """In ``Annotated``: the unit of a key, and bounds that what takes it checks by itself.

    Attributes:
        unit: what it counts, in the plural: ``"samples"``; empty for a number without one.
        above: it is larger than this.
        least: it is this or more.
        below: it is smaller than this.
        most: it is this or less.
        pattern: what a text in its place looks like, as a regular expression.
    """

    unit: str = ""
    above: float | None = None
    least: float | None = None
    below: float | None = None
    most: float | None = None
    pattern: str | None = None

    def __get_pydantic_json_schema__(
        self, core: Any, handler: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        """Return the schema of the type with unit and bounds, as Pydantic asks for it."""
        said = {
            "x-unit": self.unit or None,
            "exclusiveMinimum": self.above,
            "minimum": self.least,
            "exclusiveMaximum": self.below,
            "maximum": self.most,
            "pattern": self.pattern,
        }
        return handler(core) | {key: value for key, value in said.items() if value is not None}

"""What came of each part, in a line and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.device_check.part import Figure


class Outcome(StrEnum):
    """Of a part."""

    PASSED = "passed"
    FAILED = "failed"
    LIMIT = "limit reached"
    NOT_POSSIBLE = "not possible here"
    BUDGET = "budget used up"
    UNFINISHED = "not finished"  # what stands in the report while it runs


_BAD = (Outcome.FAILED, Outcome.LIMIT)


@dataclass(frozen=True)
class Result:
    """What came of a part.

    Attributes:
        name: of the part.
        outcome: in a word or two.
        reason: why, where it did not pass.
        figures: what was measured.
        seconds: that it took.
        command: what was run.
        output: the end of what it wrote, where it did not pass.
    """

    name: str
    outcome: Outcome
    reason: str | None = None
    figures: Sequence[Figure] = ()
    seconds: float = 0.0
    command: Sequence[str] = field(default=())
    output: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether the check has failed by it."""
        return self.outcome in _BAD

    def __str__(self) -> str:
        said = "; ".join([*filter(None, [self.reason]), *map(str, self.figures)])
        return f"{self.outcome:<17}  {self.name:<20}  {self.seconds:6.1f} s  {said}".rstrip()


def write_report(
    path: Path, facts: dict[str, Any], budget: float, seconds: float, results: Sequence[Result]
) -> None:
    """Write a report as JSON, whole at any moment: the one before stays until this one is there."""
    report = {
        "facts": facts,
        "budget_seconds": budget,
        "seconds": round(seconds, 1),
        "parts": [_as_json(each) for each in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f"{path.name}.new")
    written.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    written.replace(path)


def _as_json(result: Result) -> dict[str, Any]:
    figures = [each._asdict() | {"is_met": each.is_met} for each in result.figures]
    return asdict(result) | {"figures": figures, "seconds": round(result.seconds, 1)}

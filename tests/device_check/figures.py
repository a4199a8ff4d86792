"""Figures as they are read of what commands write."""

import json
import re
from typing import Any

from tests.device_check.part import Figure, Machine


def passed_tests(stdout: str, machine: Machine) -> list[Figure]:
    """Return how many tests of pytest have passed, at least one; where all are skipped none has."""
    counts = re.findall(r"(\d+) (passed|failed|skipped|errors?)\b", stdout.strip().splitlines()[-1])
    found = {what.rstrip("s"): int(number) for number, what in counts}
    others = [Figure(what, found[what]) for what in ("skipped",) if what in found]
    return [Figure("tests passed", found.get("passed", 0), least=1), *others]


def of_limit(stdout: str, least: float | None) -> list[Figure]:
    """Return what bsgrow reaches of the limit, in the rows of `bsgrow bench … --format json`.

    Raises:
        ValueError: a row has the reason why there is nothing.
    """
    rows = [row for row in json.loads(stdout)["rows"] if row["system"] == "bsgrow"]
    if reasons := [row["reason"] for row in rows if "reason" in row]:
        raise ValueError(reasons[0])
    return [
        Figure(f"of the limit at {row['global_batch_size']}{_kind(row)}", row["of_limit"], least)
        for row in rows
    ]


def _kind(row: dict[str, Any]) -> str:
    return " into one buffer" if row["case"].endswith("one buffer") else ""


def goal(machine: Machine, value: float) -> float | None:
    """Return a goal where there is a card: what a busy host reaches says nothing."""
    return value if machine.has_card else None

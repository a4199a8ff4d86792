"""What an experiment is run on: the machine, the versions, the command and the code."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bsgrow.reporting.machine import describe_machine
from bsgrow.training.origin import code_digests


def describe_start(command: Sequence[str]) -> dict[str, Any]:
    """Return a line of ``starts.jsonl``, as values that JSON has.

    Args:
        command: the words that start it.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    code = dict(code_digests())
    return {"time": now, "command": list(command), "code": code} | describe_machine()

"""The command line as a user runs it: a process, its two streams and its exit code."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.advice import faults

TINY = [
    "schedule.epochs=1",
    "schedule.global_batch_size=48",
    "schedule.curve.milestones=[0.3, 0.6]",
    "growth.max_batch_size=140",
]


def command(*arguments: str, settings: Sequence[str] = ()) -> list[str]:
    sets = [word for setting in settings for word in ("--set", setting)]
    return [sys.executable, "-m", "bsgrow", *arguments, *sets]


@pytest.fixture
def bsgrow(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run bsgrow in an empty folder, with every warning of ours an error."""

    def run(
        *arguments: str, settings: Sequence[str] = (), **options: object
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONWARNINGS": "error::UserWarning", "COLUMNS": "100"}
        done = subprocess.run(
            command(*arguments, settings=settings),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env=environment | options.pop("env", {}),
            **options,
        )
        hints = re.findall(r"^hint: (.*)", done.stderr or "", re.MULTILINE)
        assert [fault for hint in hints for fault in faults(hint)] == []
        return done

    return run

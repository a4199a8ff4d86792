"""The command line as a user runs it: its two streams and its exit code.

A process of its own has what only a process can show: signals, pipes, imports, a terminal.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.in_process import Done, Shell, as_options, assert_advice_can_be_followed

TINY = [
    "schedule.epochs=1",
    "schedule.global_batch_size=48",
    "schedule.curve.milestones=[0.3, 0.6]",
    "growth.max_batch_size=140",
]


def command(*arguments: str, settings: Sequence[str] = ()) -> list[str]:
    return [sys.executable, "-m", "bsgrow", *arguments, *as_options(settings)]


@pytest.fixture
def bsgrow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    """Run bsgrow in an empty folder, without a process of its own."""
    monkeypatch.chdir(tmp_path)
    return Shell()


@pytest.fixture
def started(tmp_path: Path) -> Callable[..., Done]:
    """Run bsgrow in an empty folder and a process, with every warning of ours an error."""

    def run(*arguments: str, settings: Sequence[str] = (), **variables: str) -> Done:
        process = subprocess.run(
            command(*arguments, settings=settings),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONWARNINGS": "error::UserWarning", "COLUMNS": "100"} | variables,
        )
        done = Done(arguments, process.returncode, process.stdout, process.stderr)
        assert_advice_can_be_followed(done)
        return done

    return run

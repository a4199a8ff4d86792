"""One command in a process of its own, ended at its limit with all that it has started."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from tests.device_check.part import Command

ROOT = Path(__file__).parent.parent.parent
_GRACE = 5.0  # seconds between asking it to end and killing it


class Ended(NamedTuple):
    """How a command has ended.

    Attributes:
        code: its exit code; None where it was ended at its limit.
        seconds: that it took.
        stdout: what it wrote.
        stderr: likewise.
    """

    code: int | None
    seconds: float
    stdout: str
    stderr: str


def run(command: Command, limit: float, variables: Mapping[str, str]) -> Ended:
    """Run a command in the root of the repository, for so many seconds at most.

    Its output goes to files: a pipe would be waited for as long as a process that it left holds it.
    """
    begun = time.monotonic()
    with TemporaryFile() as out, TemporaryFile() as err:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=_environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            process_group=0,  # no new session, which what ends the check would not end
        )
        try:
            code = _code_within(process, limit)
        finally:
            _end(process)
        out.seek(0)
        err.seek(0)
        written = (each.read().decode(errors="replace") for each in (out, err))
        return Ended(code, time.monotonic() - begun, *written)


def _code_within(process: subprocess.Popen[bytes], limit: float) -> int | None:
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group: what it has left would take part of the next one's card."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        _code_within(process, _GRACE)
    process.wait()


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    common = {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
    common["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # those of another's environment
    return {**os.environ, **common, **variables}

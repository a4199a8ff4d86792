"""A plugin for pytest under AddressSanitizer: fails the run if a native module of ours leaks.

It looks once the tests are over and the interpreter still holds what it holds: what Python leaves
behind when it ends is not ours. ``.ci/sanitize`` loads it. Where the check itself ends the process,
its report is left among the findings, which ``.ci/sanitized`` prints.
"""

import ctypes
import gc
import os
import sys
from pathlib import Path

import pytest

OURS = "/bsgrow/_native"


def find_leaks(folder: Path) -> list[str]:
    """Return the stacks of unreachable memory that one of our modules asked for."""
    gc.collect()
    runtime = ctypes.CDLL(None)
    runtime.__sanitizer_set_report_path(str(folder / "leaks").encode())
    runtime.__lsan_do_recoverable_leak_check()
    report = folder / f"leaks.{os.getpid()}"
    if not report.exists():
        return []
    stacks = report.read_text().split("\n\n")
    report.unlink()
    return [stack for stack in stacks if OURS in stack]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    leaks = find_leaks(Path(os.environ["BSGROW_FINDINGS"]))
    if leaks:
        sys.stderr.write("\n\n".join(["", *leaks, "error: the native modules leak\n"]))
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

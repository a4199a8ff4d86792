"""The process that started this one, as torchrun does: its name, and an end together with it."""

import ctypes
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def stop_with_launcher() -> None:
    """Be asked to stop, as by SIGTERM, once torchrun has died, which ends its processes no more.

    They would train on, and keep the run to themselves. Where there is no such signal, or another
    process stands between, they end when they next need torchrun's store.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:
        _stop_with_parent()


def stop_with(parent: int) -> None:
    """Be asked to stop, as by SIGTERM, once the process that started this one has died.

    Args:
        parent: its number; where it has died already, this one ends at once.
    """
    _stop_with_parent()
    if os.getppid() != parent:
        sys.exit(128 + signal.SIGTERM)


def _stop_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def name_of_parent() -> str:
    """Return what tells the process that started this one from all others, on any machine."""
    pid, begun = os.getppid(), ""
    with suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        begun = fields[19]  # starttime, in clock ticks since the machine started
    return f"{socket.gethostname()}:{pid}:{begun}"

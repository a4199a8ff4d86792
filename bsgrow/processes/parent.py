"""A process that is to end with the one that started it."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def stop_with_launcher() -> None:
    """Be asked to stop, as by SIGTERM, once torchrun has died, which ends its processes no more.

    They would train on, and keep the run to themselves. Where there is no such signal, or another
    process stands between, they end when they next need torchrun's store.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)

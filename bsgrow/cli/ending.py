"""Signals that end a command at once, where there is nothing to finish."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import active_children
from multiprocessing.util import get_temp_dir
from types import FrameType

from bsgrow.processes.signals import handling


@contextmanager
def ending_at_once(clean_up: Callable[[], object]) -> Iterator[None]:
    """While entered, let a signal kill the child processes, clean up and end the process.

    No exception is raised: one that falls into another library's code, while it starts or stops
    worker processes, may be printed and lost there. The exit code is 128 + the signal's number, as
    shells count it.

    Args:
        clean_up: called last, between two steps of whatever Python code runs; it must not raise.
    """
    owner = os.getpid()
    sockets = get_temp_dir()  # made here it serves the child processes too, which cannot remove it

    def end(number: int, frame: FrameType | None) -> None:
        if hasattr(signal, "SIGCHLD"):  # torch's handler would raise here as its workers end
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            if os.getpid() == owner:  # a forked child inherits this
                for child in active_children():
                    child.kill()
                shutil.rmtree(sockets, ignore_errors=True)
                clean_up()
        finally:
            os._exit(128 + number)

    with handling(end):
        yield

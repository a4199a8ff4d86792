"""The most memory that this process held, or that a stretch of it took."""

import tracemalloc
from contextlib import contextmanager
from pathlib import Path

_STATUS = Path("/proc/self/status")
IS_KNOWN = _STATUS.exists()


def peak_kilobytes():
    """Not `ru_maxrss`, which begins with what the process held that started this one."""
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    return int(lines["VmHWM"].split()[0])


@contextmanager
def little_memory(most=8 << 20):
    """Fails where Python and numpy held more than `most` bytes at once for what is entered."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most


def hold(num_bytes, ready, over):
    """Work for another process; here, so that it starts without torch."""
    held = b"1" * num_bytes
    ready.set()
    over.wait()
    del held

"""The most memory that this process held, for programs that tests start."""

from pathlib import Path

_STATUS = Path("/proc/self/status")
IS_KNOWN = _STATUS.exists()


def peak_kilobytes():
    """Not `ru_maxrss`, which begins with what the process held that started this one."""
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    return int(lines["VmHWM"].split()[0])

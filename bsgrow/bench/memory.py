"""Peak memory of a stretch of work, of this process and of a CUDA device."""

import resource
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # see proc_pid_clear_refs(5)


@dataclass
class PeakMemory:
    """The highest since it was made, over all stretches.

    Attributes:
        host_bytes: resident set of this process, worker processes not included. Where Linux does
            not let it be reset, the highest since the process began.
        device_bytes: allocated by torch on the CUDA device; None where there is none.
    """

    host_bytes: int = 0
    device_bytes: int | None = None

    def start(self, device: torch.device) -> None:
        """Begin a stretch."""
        with suppress(OSError):
            _CLEAR_REFS.write_text(_RESET_PEAK)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def stop(self, device: torch.device) -> None:
        """End it."""
        self.host_bytes = max(self.host_bytes, _peak_host_bytes())
        if device.type == "cuda":
            peak = torch.cuda.max_memory_allocated(device)
            self.device_bytes = max(self.device_bytes or 0, peak)


def _peak_host_bytes() -> int:
    if _STATUS.exists():
        fields = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        if "VmHWM" in fields:
            return 1024 * int(fields["VmHWM"].split()[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak

"""Peak memory of a stretch of work: of this process with its workers, and of a CUDA device."""

import os
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch

_PROC = Path("/proc")
_RESET_PEAK = "5"  # see proc_pid_clear_refs(5)
_SAMPLE_SECONDS = 0.02


class PeakMemory(NamedTuple):
    """The highest during a stretch.

    Attributes:
        host_bytes: resident set of this process, and what its worker processes hold for themselves
            (pages that they share with it count once). None where the system has no /proc.
        device_bytes: allocated by torch on the CUDA device; None where there is none.
    """

    host_bytes: int | None = None
    device_bytes: int | None = None


@dataclass
class Watch:
    """Where the peak is found after the stretch."""

    peak: PeakMemory = field(default_factory=PeakMemory)


@contextmanager
def watched_memory(device: torch.device) -> Generator[Watch, None, None]:
    """Watch the memory while entered; the peak is there afterwards."""
    watch, on_cuda = Watch(), device.type == "cuda"
    if on_cuda:
        torch.cuda.reset_peak_memory_stats(device)
    with _sampled() as samples:
        yield watch
    on_device = torch.cuda.max_memory_allocated(device) if on_cuda else None
    watch.peak = PeakMemory(max(samples, default=None), on_device)


@contextmanager
def _sampled() -> Iterator[list[int]]:
    """Yield what is filled with host memory now and then, and with the peak at the end."""
    samples: list[int] = []
    over = threading.Event()
    is_reset = _reset_peak()

    def sample() -> None:
        while True:
            samples.extend(_tree_bytes())
            if over.wait(_SAMPLE_SECONDS):
                return

    sampler = threading.Thread(target=sample, name="bsgrow-memory", daemon=True)
    sampler.start()
    try:
        yield samples
    finally:
        over.set()
        sampler.join()
        samples.extend(_field("self", "status", "VmHWM") if is_reset else ())


def _reset_peak() -> bool:
    """Let the kernel's own peak of this process begin anew, where it may."""
    with suppress(OSError):
        (_PROC / "self/clear_refs").write_text(_RESET_PEAK)
        return True
    return False


def _tree_bytes() -> Iterator[int]:
    """Yield what this process and its descendants hold now; nothing where it cannot be read."""
    for own in _field("self", "status", "VmRSS"):
        yield own + sum(map(_private_bytes, _descendants(os.getpid())))


def _private_bytes(process: int) -> int:
    parts = ("Private_Clean", "Private_Dirty")
    return sum(value for part in parts for value in _field(process, "smaps_rollup", part))


def _descendants(process: int) -> Iterator[int]:
    for listing in (_PROC / str(process) / "task").glob("*/children"):
        for child in _read(listing).split():
            yield int(child)
            yield from _descendants(int(child))


def _field(process: int | str, file: str, name: str) -> Iterator[int]:
    """Yield a field in bytes, where there is one: a process may end while it is looked at."""
    for line in _read(_PROC / str(process) / file).splitlines():
        if line.startswith(f"{name}:"):
            yield 1024 * int(line.split()[1])


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""

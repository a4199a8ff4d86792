"""The machine and the versions that a figure was measured with."""

import os
import platform
from typing import Any

import torch

from bsgrow.native import instruction_set
from bsgrow.processes.versions import versions
from bsgrow.reporting.processor import processor_name


def describe_machine() -> dict[str, Any]:
    """Return ``{"hardware": {…}, "versions": {…}}``, as every result states them."""
    return {"hardware": _hardware(), "versions": versions()}


def _hardware() -> dict[str, Any]:
    devices = range(torch.cuda.device_count())
    return {
        "processor": processor_name(),
        "machine": platform.machine(),
        "num_cpus": os.cpu_count(),
        "load_average": _load_average(),
        "instruction_set": instruction_set(),
        "cuda_devices": [torch.cuda.get_device_name(index) for index in devices],
        "cuda_memory_bytes": [_memory_bytes(index) for index in devices],
    }


def _memory_bytes(index: int) -> int:
    return int(torch.cuda.get_device_properties(index).total_memory)


def _load_average() -> float | None:
    """Processes that wanted to run over the last minute; above num_cpus, figures are noisy."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None

"""The machine and the versions that a figure was measured with."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

import bsgrow
from bsgrow.native import instruction_set
from bsgrow.reporting.processor import processor_name

_PACKAGES = ("numpy", "torch")
_OTHERS = ("nvidia-dali-cuda130", "nvidia-dali-cuda120", "ffcv", "spdl", "pillow")  # if installed


def describe_machine() -> dict[str, Any]:
    """Return ``{"hardware": {…}, "versions": {…}}``, as every result states them."""
    return {"hardware": _hardware(), "versions": _versions()}


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


def _versions() -> dict[str, str]:
    versions = {name: version(name) for name in _PACKAGES}
    others = {name: found for name in _OTHERS if (found := _version_of(name)) is not None}
    ours = {"bsgrow": bsgrow.__version__, "python": platform.python_version()}
    return ours | versions | others


def _version_of(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None

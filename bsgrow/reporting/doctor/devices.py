"""CUDA devices, asked of the driver itself: torch may be built without CUDA and see none."""

import ctypes
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bsgrow.native.cuda_architectures import why_unsupported
from bsgrow.reporting.doctor.finding import Finding

_LIBRARY = "libcuda.so.1"
_NAME_BYTES = 256
_HINT = "without a CUDA device everything runs on the CPU; with one, install NVIDIA's driver"


class _DriverError(Exception):
    """A call of the driver failed."""


def examine_driver() -> Finding:
    """Say which CUDA devices the driver finds, and which CUDA it supports."""
    try:
        driver = ctypes.CDLL(_LIBRARY)
        _call(driver, "cuInit", 0)
        version, count = _ask(driver, "cuDriverGetVersion"), _ask(driver, "cuDeviceGetCount")
        devices = [_describe(driver, index) for index in range(count)]
    except (OSError, _DriverError) as error:
        return Finding("device", "cuda", "missing", reason=str(error), hint=_HINT)
    facts = {"cuda_driver": f"{version // 1000}.{version % 1000 // 10}", "devices": devices}
    if not devices:
        return Finding("device", "cuda", "missing", facts=facts, reason="no device", hint=_HINT)
    return Finding("device", "cuda", "works", facts=facts)


def compare_with_kernels(driver: Finding, built: Sequence[int] | None) -> Finding:
    """Say of each device whether the kernels run on it, and why not.

    Args:
        driver: what :func:`examine_driver` found.
        built: compute capabilities that the kernels were built for, ten times each; None where
            there are no kernels, which the module's own finding explains.
    """
    if not driver.works or built is None:
        return driver
    devices = driver.facts["devices"]
    problems = [why_unsupported(int(each["architecture"][3:]), built) for each in devices]
    told = [
        each | {"kernels": problem or "run on it"}
        for each, problem in zip(devices, problems, strict=True)
    ]
    reason = None if None in problems else "no device runs the kernels of _native_cuda"
    hint = reason and "batches are made on the CPU and copied, as they are without the module"
    return replace(driver, facts={**driver.facts, "devices": told}, reason=reason, hint=hint)


def _describe(driver: ctypes.CDLL, index: int) -> dict[str, Any]:
    device = _ask(driver, "cuDeviceGet", index)
    name = ctypes.create_string_buffer(_NAME_BYTES)
    _call(driver, "cuDeviceGetName", name, _NAME_BYTES, device)
    memory = ctypes.c_size_t()
    _call(driver, "cuDeviceTotalMem_v2", ctypes.byref(memory), device)
    major, minor = (_ask(driver, "cuDeviceGetAttribute", number, device) for number in (75, 76))
    return {
        "name": name.value.decode(errors="replace"),
        "architecture": f"sm_{major}{minor}",  # attributes 75 and 76 are the compute capability
        "memory_bytes": memory.value,
    }


def _ask(driver: ctypes.CDLL, function: str, *arguments: Any) -> int:
    """Return the integer that a call writes through its first argument."""
    answer = ctypes.c_int()
    _call(driver, function, ctypes.byref(answer), *arguments)
    return answer.value


def _call(driver: ctypes.CDLL, function: str, *arguments: Any) -> None:
    code = getattr(driver, function)(*arguments)
    if code:
        text = ctypes.c_char_p()
        driver.cuGetErrorString(code, ctypes.byref(text))
        raise _DriverError(f"{function} failed: {(text.value or b'unknown error').decode()}")

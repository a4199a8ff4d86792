"""The native modules: what was built, how, and whether it loads here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import bsgrow
from bsgrow.reporting.doctor.finding import Finding

_AGAIN = "then install bsgrow again"


@dataclass(frozen=True, slots=True)
class _NativeModule:
    name: str
    needed: bool
    hint: str


_MODULES = (
    _NativeModule(
        "_native",
        True,
        "it needs a C++17 compiler; build it with `pip install -e .` in the source tree",
    ),
    _NativeModule(
        "_native_jpeg",
        False,
        "without it encoded images are decoded by DALI or Pillow; it needs libjpeg-turbo's headers "
        f"(Debian: libjpeg62-turbo-dev), {_AGAIN}",
    ),
    _NativeModule(
        "_native_cuda",
        False,
        "without it batches are made on the CPU; it needs nvcc of the CUDA toolkit in PATH or "
        f"CUDA_HOME, {_AGAIN}",
    ),
)


def examine_modules(folder: Path | None = None) -> list[Finding]:
    """Say of each native module how it was built and what it finds here.

    Args:
        folder: holds ``_build.json``; the package's own where absent.
    """
    record = read_build_record(folder or Path(bsgrow.__file__).parent)
    return [_examine(module, record.get(module.name, {})) for module in _MODULES]


def read_build_record(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what the build wrote down of each module; empty where it wrote nothing."""
    try:
        record = json.loads((folder / "_build.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _examine(module: _NativeModule, record: Mapping[str, Any]) -> Finding:
    facts = {key: value for key, value in record.items() if key not in ("built", "reason")}
    try:
        loaded = import_module(f"bsgrow.{module.name}")
        facts |= _ask(loaded)
    except ModuleNotFoundError as error:
        reason = record.get("reason") or f"{error}; the build left no record of it"
    except (ImportError, ValueError) as error:  # it lacks a library, or is told to use what is not
        reason = str(error)
        if "BSGROW_INSTRUCTION_SET" in reason:
            hint = "unset it, and the best that runs here is taken"
            return Finding("module", module.name, False, module.needed, facts, reason, hint)
    else:
        facts = facts if record else {"built": "without a record"} | facts
        return Finding("module", module.name, True, module.needed, facts)
    return Finding("module", module.name, False, module.needed, facts, reason, module.hint)


def _ask(module: ModuleType) -> dict[str, Any]:
    """Return what a module says of itself; an older build may not know every question."""
    answers = {
        name: getattr(module, name)()
        for name in ("instruction_set", "instruction_sets")
        if hasattr(module, name)
    }
    if hasattr(module, "build_info"):
        answers |= _built_for(**module.build_info())
    if hasattr(module, "device_count"):
        answers["num_devices"], why_not = module.device_count()
        answers |= {"complaint": why_not} if why_not else {}
    return answers


def _built_for(**facts: Any) -> dict[str, Any]:
    """Return facts of a build as people write them: sm_90, CUDA 13.0."""
    if "architectures" in facts:
        facts["architectures"] = [f"sm_{number}" for number in facts["architectures"]]
    if "cuda_runtime" in facts:
        facts["cuda_runtime"] = ".".join(map(str, facts["cuda_runtime"]))
    return facts

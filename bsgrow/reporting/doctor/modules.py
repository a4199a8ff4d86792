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
_VARIABLE = "BSGROW_INSTRUCTION_SET"
_UNSET = f"unset {_VARIABLE}, and the best that runs here is taken"


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
        "without it encoded images are decoded by DALI or Pillow, which pass over damaged pixels; "
        f"it needs libjpeg-turbo's headers (Debian: libjpeg62-turbo-dev), {_AGAIN}",
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
    facts = _facts_of_build(record)
    try:
        facts |= _ask(import_module(f"bsgrow.{module.name}"))
    except ModuleNotFoundError as error:
        reason = str(record.get("reason") or f"{error}; {_record_of(record)}")
        return Finding("module", module.name, "missing", module.needed, facts, reason, module.hint)
    except (ImportError, RuntimeError, ValueError) as error:
        hint = _UNSET if _VARIABLE in str(error) else module.hint
        return Finding("module", module.name, "broken", module.needed, facts, str(error), hint)
    return Finding("module", module.name, "works", module.needed, facts)


def _record_of(record: Mapping[str, Any]) -> str:
    return "it was built, and is gone" if record else "there is no record of a build"


def _facts_of_build(record: Mapping[str, Any]) -> dict[str, Any]:
    facts = {key: value for key, value in record.items() if key not in ("built", "reason")}
    if "flags" in facts:
        facts["flags"] = " ".join(facts["flags"])
    return facts or {"build": "without a record"}


def _ask(module: ModuleType) -> dict[str, Any]:
    """Return what a module says of itself; one of an older build may not know every question."""
    questions = ("instruction_set", "instruction_sets", "build_info", "device_count")
    answers = {name: getattr(module, name)() for name in questions if hasattr(module, name)}
    if "device_count" in answers:
        answers["num_devices"], answers["devices_missing"] = answers.pop("device_count")
    return {**answers.pop("build_info", {}), **answers}

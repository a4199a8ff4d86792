"""What is found of a machine, before anything is built there."""

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from tests.device_check.part import Machine
from tests.device_check.running import ROOT

# In a process of its own: this one would keep a context on the card, and its memory.
_TORCH = """
import json, torch
devices = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
print(json.dumps({
    "torch": torch.__version__,
    "cuda": torch.version.cuda,
    "cards": [each.name for each in devices],
    "capabilities": [f"{each.major}.{each.minor}" for each in devices],
    "memory_bytes": [each.total_memory for each in devices],
}))
"""


def find_machine(scratch: Path, commit: str | None = None) -> Machine:
    """Return what is found here.

    Args:
        scratch: an empty folder.
        commit: of the sources, where they are no checkout of git.
    """
    facts = {
        "commit": commit or _first_line("git", "describe", "--always", "--dirty"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "num_cpus": os.cpu_count(),
        "driver": _first_line("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"),
        "nvcc": _last_line("nvcc", "--version"),
        **json.loads(_output(sys.executable, "-c", _TORCH) or '{"torch": null, "cards": []}'),
        "lacks": [*lacking(asked_for()), *([] if has_headers() else ["Python.h"])],
    }
    return Machine(len(facts["cards"]), scratch, facts, _has)


def lacking(requirements: Iterable[str]) -> list[str]:
    """Return those that are not met here, of those that are meant for such a machine."""
    asked = map(Requirement, requirements)
    meant = (each for each in asked if each.marker is None or each.marker.evaluate())
    return [f"{each.name}{each.specifier}" for each in meant if not _is_met(each)]


def has_headers() -> bool:
    """Whether a module for this Python can be compiled: its headers are there, or in CPATH."""
    folders = [sysconfig.get_path("include"), *os.environ.get("CPATH", "").split(os.pathsep)]
    return any(Path(each, "Python.h").exists() for each in folders if each)


def _is_met(asked: Requirement) -> bool:
    try:
        return asked.specifier.contains(version(asked.name), prereleases=True)
    except PackageNotFoundError:
        return False


def asked_for() -> list[str]:
    """Return what the package, its build and its tests ask for."""
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups, tools = written["dependency-groups"], ("pytest", "hypothesis")
    of_tests = [each for each in groups["dev"] if isinstance(each, str) and each.startswith(tools)]
    return [*written["project"]["dependencies"], *groups["build"], *of_tests]


def _has(name: str) -> bool:
    try:
        return shutil.which(name) is not None or find_spec(name) is not None
    except ModuleNotFoundError:  # the package that a module is in
        return False


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip() or None


def _first_line(*command: str) -> str | None:
    output = _output(*command)
    return output and output.splitlines()[0]


def _last_line(*command: str) -> str | None:
    output = _output(*command)
    return output and output.splitlines()[-1]


def described(facts: dict[str, Any]) -> str:
    """Return the facts in lines, as a check begins with them."""
    return "\n".join(f"{name:<13} {_in_words(value)}" for name, value in facts.items())


def _in_words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "not found" if value is None else str(value)

"""The Python packages that bsgrow needs, can use, or compares itself with."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

from bsgrow.reporting.doctor.finding import Finding


def _torch_facts(torch: ModuleType) -> dict[str, Any]:
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always")
        num_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    facts = {"cuda_build": torch.version.cuda, "num_cuda_devices": num_devices}
    return facts | ({"complaint": str(complaints[0].message)} if complaints else {})


def _pillow_facts(pillow: ModuleType) -> dict[str, Any]:
    features = import_module(f"{pillow.__name__}.features")
    return {"libjpeg_turbo": features.version("libjpeg_turbo")}


def _no_facts(_: ModuleType) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class _Package:
    module: str
    distributions: tuple[str, ...]
    needed: bool = False
    hint: str = ""
    facts: Callable[[ModuleType], dict[str, Any]] = _no_facts


_REINSTALL = "install bsgrow again, which brings it"
_COMPARED = "only `bsgrow bench` uses it, to compare with"
_PACKAGES = (
    _Package("torch", ("torch",), True, _REINSTALL, _torch_facts),
    _Package("numpy", ("numpy",), True, _REINSTALL),
    _Package("pydantic", ("pydantic",), True, _REINSTALL),
    _Package("sklearn", ("scikit-learn",), True, _REINSTALL),
    _Package("pooch", ("pooch",), True, _REINSTALL),
    _Package("tomli_w", ("tomli-w",), True, _REINSTALL),
    _Package("matplotlib", ("matplotlib",), True, _REINSTALL),
    _Package(
        "PIL",
        ("pillow",),
        hint="it decodes what libjpeg-turbo does not: pip install pillow",
        facts=_pillow_facts,
    ),
    _Package("pyarrow", ("pyarrow",), hint="pip install pyarrow, for parquet files"),
    _Package(
        "nvidia.dali",
        ("nvidia-dali-cuda130", "nvidia-dali-cuda120"),
        hint='for data.decoder = "dali", on Linux: pip install nvidia-dali-cuda130 '
        "(nvidia-dali-cuda120 for a driver of CUDA 12)",
    ),
    _Package(
        "triton",
        ("triton", "pytorch-triton"),
        hint="`run.compile = true` needs it on a CUDA device; torch for CUDA brings it on Linux",
    ),
    _Package("ffcv", ("ffcv",), hint=_COMPARED),
    _Package("spdl.io", ("spdl", "spdl-io"), hint=_COMPARED),
)


def examine_packages() -> list[Finding]:
    """Say of each package which version is installed and whether it can be imported."""
    return [_examine(package) for package in _PACKAGES]


def _examine(package: _Package) -> Finding:
    installed = _installed(package.distributions)
    if installed is None:
        name = package.distributions[0]
        reason = "is not installed"
        return Finding("package", name, "missing", package.needed, {}, reason, package.hint)
    name, number = installed
    facts = {"version": number}
    try:
        facts |= package.facts(_import(package.module))
    except Exception as error:  # whatever keeps it from loading is what the doctor is asked about
        reason = f"cannot be imported: {type(error).__name__}: {error}"
        return Finding("package", name, "broken", package.needed, facts, reason, package.hint)
    return Finding("package", name, "works", package.needed, facts)


def _installed(distributions: tuple[str, ...]) -> tuple[str, str] | None:
    """Return name and version of the first that is installed."""
    for name in distributions:
        try:
            return name, version(name)
        except PackageNotFoundError:
            continue
    return None


def _import(module: str) -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what others warn of is no matter of bsgrow's
        return import_module(module)

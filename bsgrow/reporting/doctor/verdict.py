"""One sentence on what works here, and what to do for the rest."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bsgrow.reporting.doctor.finding import Finding

Findings = Mapping[str, Finding]


@dataclass(frozen=True, slots=True)
class _Ability:
    """Something that bsgrow can do where all that it needs is there.

    Attributes:
        name: what it is.
        works: whether it is there.
        remedy: what to do where it is not, as an imperative.
        concerns: whether it is worth a word at all.
    """

    name: str
    works: Callable[[Findings], bool]
    remedy: Callable[[Findings], str]
    concerns: Callable[[Findings], bool] = lambda found: True


def _works(name: str) -> Callable[[Findings], bool]:
    return lambda found: name in found and found[name].works


def _sees_devices(found: Findings) -> bool:
    return found["cuda"].works and bool(found["torch"].facts.get("num_cuda_devices"))


def _bring_devices(found: Findings) -> str:
    if not found["cuda"].works:
        return "install NVIDIA's driver, on a machine with a device"
    return f"install torch for CUDA {found['cuda'].facts['cuda_driver']} or older"


def _has_dali(found: Findings) -> bool:
    return any(finding.works for name, finding in found.items() if name.startswith("nvidia-dali"))


_ABILITIES = (
    _Ability(
        "training on the CPU",
        lambda found: all(finding.works for finding in found.values() if finding.needed),
        lambda found: "; ".join(f.hint or "" for f in found.values() if f.needed and not f.works),
    ),
    _Ability("training on CUDA devices", _sees_devices, _bring_devices),
    _Ability(
        "making batches on CUDA devices",
        lambda found: found["_native_cuda"].works and not found["cuda"].reason,
        lambda found: "with nvcc in PATH, install bsgrow again",
        concerns=_sees_devices,
    ),
    _Ability(
        "decoding JPEGs natively",
        _works("_native_jpeg"),
        lambda found: "with libjpeg-turbo's headers, install bsgrow again",
    ),
    _Ability("decoding by DALI", _has_dali, lambda found: "pip install nvidia-dali-cuda130"),
)


def verdict(findings: Iterable[Finding]) -> str:
    """Return one sentence: what works here, and what to do for the rest.

    Args:
        findings: all that :func:`bsgrow.reporting.doctor.examine` returns.
    """
    found = {finding.name: finding for finding in findings}
    concerned = [ability for ability in _ABILITIES if ability.concerns(found)]
    works = [ability.name for ability in concerned if ability.works(found)]
    missing = [
        f"{ability.name} ({ability.remedy(found)})"
        for ability in concerned
        if not ability.works(found)
    ]
    parts = {"works here": works, "does not": missing}
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names)

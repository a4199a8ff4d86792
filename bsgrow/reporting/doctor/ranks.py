"""What the doctor says of the processes that torchrun started together, and where they differ."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bsgrow.processes.launched import local_rank
from bsgrow.reporting.doctor.finding import Finding

_MAY_DIFFER = {"machine"}
_COMPUTE = ("torch", "numpy", "pillow", "nvidia-dali-cuda130", "nvidia-dali-cuda120")


def describe_process(findings: Sequence[Finding]) -> dict[str, Any]:
    """Describe this process by what matters beside others; torch can be imported.

    Args:
        findings: all that :func:`bsgrow.reporting.doctor.examine` returns.

    Returns:
        Plain values: ``machine``, ``device``, ``threads``, ``memory_bytes`` of where it computes,
        ``lacks``, the names of what training needs and does not work, and the versions, by name.
    """
    found = {finding.name: finding for finding in findings}
    packages = [found[name] for name in _COMPUTE if name in found]
    device, memory = _device()
    return {
        "machine": platform.node(),
        "device": device,
        "threads": _num_threads(),
        "memory_bytes": memory,
        "lacks": [finding.name for finding in findings if finding.needed and not finding.works],
        **{name: _of_machine(findings, name) for name in ("bsgrow", "python")},
        **{each.name: each.facts.get("version") if each.works else each.state for each in packages},
    }


def differences(processes: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    """Return the ranks that differ from rank 0, by what they differ in; names apart."""
    first, *_ = processes
    keys = dict.fromkeys(key for process in processes for key in process)
    found = {
        key: [rank for rank, each in enumerate(processes) if each.get(key) != first.get(key)]
        for key in keys
        if key not in _MAY_DIFFER
    }
    return {key: ranks for key, ranks in found.items() if ranks}


def verdict_on_all(processes: Sequence[Mapping[str, Any]]) -> str:
    """Return one sentence on all processes."""
    num_machines = len({process["machine"] for process in processes})
    machines = "1 machine" if num_machines == 1 else f"{num_machines} machines"
    whole = f"{len(processes)} processes on {machines}"
    if not (differ := differences(processes)):
        return f"{whole}, all alike"
    parts = [
        f"{key} (rank{'s' * (len(ranks) > 1)} {', '.join(map(str, ranks))})"
        for key, ranks in differ.items()
    ]
    return f"{whole}, which differ from rank 0 in {', '.join(parts)}"


def _of_machine(findings: Iterable[Finding], fact: str) -> Any:
    return next(f.facts.get(fact) for f in findings if f.kind == "machine")


def _device() -> tuple[str, int]:
    """Return the name of where this process would train, and the bytes of memory there."""
    import torch

    index = local_rank()
    if torch.cuda.is_available() and index < torch.cuda.device_count():
        return torch.cuda.get_device_name(index), torch.cuda.mem_get_info(index)[1]
    return "cpu", os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _num_threads() -> int:
    import torch

    return torch.get_num_threads()

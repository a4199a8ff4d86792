"""The kernel's rate beside the card's own copy."""

import json

from tests.device_check.commands import script
from tests.device_check.part import Command, Figure, Machine, Part

_FILLS_A_CARD = 8192  # samples; smaller batches do not
_LEAST = 0.80


def _command(machine: Machine) -> Command:
    machine.require(card=True)
    return script("benchmarks/device_stream.py", "--rounds", "5", "--format", "json")


def _of_copy(stdout: str, machine: Machine) -> list[Figure]:
    """Return the lowest of all cases at each batch."""
    ratios: dict[int, list[float]] = {}
    rows = json.loads(stdout)["rows"]
    for stream, copy in zip(rows[::2], rows[1::2], strict=True):
        ratio = stream["bytes_per_second"] / copy["bytes_per_second"]
        ratios.setdefault(stream["global_batch_size"], []).append(ratio)
    return [
        Figure(f"of copying at {size}", min(each), _LEAST if size >= _FILLS_A_CARD else None)
        for size, each in ratios.items()
    ]


PART = Part("rate of the kernel", "≥ 0.8 of copying memory", 60, _command, _of_copy)

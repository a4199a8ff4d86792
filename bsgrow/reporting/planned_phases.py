"""The phases of a run, from the ``plan.json`` in its directory."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from bsgrow.files.regular import read_regular

_LARGEST = 2**26  # bytes


class PlannedPhase(NamedTuple):
    """Updates of one batch size.

    Attributes:
        start_sample: first sample consumed in it.
        stop_sample: one past the last.
        global_batch_size: samples per update.
        momentum: momentum coefficient.
        lr: learning rate of its first and of its last update.
        sgd_noise_scale: of its first and of its last update.
    """

    start_sample: int
    stop_sample: int
    global_batch_size: int
    momentum: float
    lr: tuple[float, float]
    sgd_noise_scale: tuple[float, float]


def read_phases(path: Path) -> tuple[PlannedPhase, ...]:
    """Return the phases of a plan, in order; none where the file is not there, or is damaged."""
    with suppress(OSError, ValueError, RecursionError, KeyError, TypeError):
        found = json.loads(read_regular(path, _LARGEST, follow_link=False))
        return tuple(map(_phase, found["phases"]))
    return ()


def phase_at(phases: tuple[PlannedPhase, ...], consumed_samples: int) -> int | None:
    """Return the index of the phase that a run is in, or has ended in; None where there is none."""
    over = (i for i, phase in enumerate(phases) if consumed_samples < phase.stop_sample)
    return next(over, len(phases) - 1 if phases else None)


def _phase(value: Mapping[str, Any]) -> PlannedPhase:
    return PlannedPhase(
        int(value["start_sample"]),
        int(value["stop_sample"]),
        int(value["global_batch_size"]),
        float(value["momentum"]),
        _ends(value["lr"]),
        _ends(value["sgd_noise_scale"]),
    )


def _ends(value: float | list[float]) -> tuple[float, float]:
    first, last = value if isinstance(value, list) else (value, value)
    return float(first), float(last)

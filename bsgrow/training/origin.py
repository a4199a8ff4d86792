"""What a run was begun with: its versions, and digests of the code and of the data."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

import bsgrow
from bsgrow.files.regular import read_regular
from bsgrow.processes.versions import versions
from bsgrow.training.run_directory import RunDirectory

if TYPE_CHECKING:
    from bsgrow.training.job import Job

_ROOMS = (
    *("data", "files", "images", "loading", "models", "native", "processes", "recipe"),
    *("schedule", "stream", "training", "user_code", "validation"),
)
"""Packages that the result of a run comes from; what shows it, and what compares, are others."""

_LARGEST = 2**20  # bytes


@dataclass(frozen=True)
class Origin:
    """What a run was begun with.

    Attributes:
        code: ``sha256:…`` of each part of bsgrow that its result comes from, by its name.
        data: fingerprint of the data set.
        device: where it computed, e.g. ``cpu`` or ``cuda:0``.
        versions: of bsgrow, Python and the packages that were used, by name.
    """

    code: Mapping[str, str]
    data: str
    device: str
    versions: Mapping[str, str]


_READER = TypeAdapter(Origin)


def origin_of(job: "Job") -> Origin:
    """Return what a run that begins now is begun with."""
    return Origin(
        code=code_digests(),
        data=job.dataset.fingerprint,
        device=str(job.device),
        versions=versions(),
    )


def read_origin(directory: RunDirectory) -> Origin | None:
    """Return what a run was begun with; None where that is not recorded, or cannot be read."""
    with suppress(OSError, ValueError, RecursionError, ValidationError):
        content = read_regular(directory.origin, _LARGEST, follow_link=False)
        return _READER.validate_python(json.loads(content))
    return None


@cache
def code_digests() -> Mapping[str, str]:
    """Return a digest of each part of bsgrow that the result of a run comes from."""
    root = Path(bsgrow.__file__).parent
    parts = {name: sorted((root / name).rglob("*.py")) for name in _ROOMS}
    parts |= {path.name.partition(".")[0]: [path] for path in sorted(root.glob("_native*.so"))}
    return {name: _digest(root, paths) for name, paths in parts.items()}


def _digest(root: Path, paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)} {len(content)}\n".encode())
        digest.update(content)
    return f"sha256:{digest.hexdigest()[:32]}"

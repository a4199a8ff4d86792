"""The state of a run: what a checkpoint holds, and how a run takes it up again."""

import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import IO, Any, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bsgrow.errors import InputError
from bsgrow.files.atomic import naming
from bsgrow.training.checkpoint_folder import (
    HashingWriter,
    checkpoint_path,
    defect,
    keep_newest,
    write_checkpoint_file,
)

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Identity:
    """What a checkpoint and the run that takes it up must have in common.

    Attributes:
        seed: of order, augmentation and initial weights.
        recipe_fingerprint: digest of the recipe as resolved.
        data_fingerprint: digest of the data set.
    """

    seed: int
    recipe_fingerprint: str
    data_fingerprint: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run has come.

    Attributes:
        update_index: index of the next update; as many were made.
        cursor: samples consumed, the next position of the stream.
        elapsed_seconds: wall-clock time spent in the run, continuations included.
        extra: further small numbers, such as running totals.
    """

    update_index: int
    cursor: int
    elapsed_seconds: float
    extra: Mapping[str, float] = field(default_factory=dict)


def save_checkpoint(
    folder: Path, identity: Identity, position: Position, model: nn.Module, optimizer: Optimizer
) -> Path:
    """Write a checkpoint, then remove all but it and the newest one before it.

    One that is there already, whole, stays: a run is in one state after a given update. Waits for
    the device.

    Args:
        folder: of this run's checkpoints; made if it is not there.
        identity: of the run.
        position: where the run is.
        model: its parameters and buffers are saved.
        optimizer: its state is saved.

    Returns:
        The path of the checkpoint.

    Raises:
        BsgrowError: if the disk is full, the folder read-only, …; older checkpoints stay.
    """
    with naming(folder, "make"):
        folder.mkdir(parents=True, exist_ok=True)
    path = checkpoint_path(folder, position.update_index)
    if defect(path) is not None:
        state = {
            "format_version": FORMAT_VERSION,
            "identity": asdict(identity),
            "position": asdict(position),
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
        }
        write_checkpoint_file(path, lambda writer: _save(state, writer))
    keep_newest(folder, path)
    return path


def _save(state: Mapping[str, Any], writer: HashingWriter) -> None:
    torch.save(state, cast("IO[bytes]", writer))  # all that torch asks for is write and flush


def load_checkpoint(
    path: Path, identity: Identity, model: nn.Module, optimizer: Optimizer
) -> Position:
    """Put a checkpoint's state into a model and its optimizer, and return where the run was.

    Everything is checked before anything is changed.

    Args:
        path: as found by ``newest_whole_checkpoint``.
        identity: of the run that goes on.
        model: built from the same recipe, on any device and in any memory format.
        optimizer: over the model's parameters.

    Raises:
        BsgrowError: if the file cannot be read.
        InputError: if it is damaged, of another format version or another run, or does not fit
            the model.
    """
    if (reason := defect(path)) is not None:
        raise InputError(f"{path} is not a whole checkpoint: {reason}", hint=_OTHER)
    state = _read(path)
    _check_identity(path, state["identity"], identity)
    _check_shapes(path, state["model"], model.state_dict())
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    _match_memory_format(optimizer)
    return Position(**state["position"])


_START_ANEW = "resume with the bsgrow version that wrote it, or start anew in another --out folder"
_IDENTITY_HINTS = {
    "seed": "resume with that seed",
    "recipe_fingerprint": "resume with the recipe in the run directory, unchanged",
    "data_fingerprint": "resume with the data set that the run was started on",
}


_OTHER = "resume from another checkpoint, or start anew in another --out folder"
_KEYS = {"identity", "position", "model", "optimizer"}
# Bytes that are no checkpoint reach any of torch's and pickle's opcodes.
_WHAT_UNPICKLING_RAISES = (
    RuntimeError,
    pickle.UnpicklingError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
)


def _read(path: Path) -> dict[str, Any]:
    with naming(path, "read"):
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except _WHAT_UNPICKLING_RAISES as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise InputError(f"{path} is not a bsgrow checkpoint: {reason}", _OTHER) from error
    version = state.get("format_version") if isinstance(state, dict) else None
    if version != FORMAT_VERSION:
        raise InputError(
            f"{path}: format_version = {version!r}, this bsgrow reads {FORMAT_VERSION}",
            hint=_START_ANEW,
        )
    assert isinstance(state, dict)
    if missing := _KEYS - state.keys():
        raise InputError(f"{path} lacks {', '.join(sorted(missing))}", _OTHER)
    return state


def _check_identity(path: Path, saved: Mapping[str, object], expected: Identity) -> None:
    for name in (entry.name for entry in fields(Identity)):
        value = getattr(expected, name)
        if saved[name] != value:
            raise InputError(
                f"{path} is of another run: its {name} is {saved[name]!r}, this run's is {value!r}",
                hint=f"{_IDENTITY_HINTS[name]}, or start anew in another --out folder",
            )


def _check_shapes(path: Path, saved: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    ours, theirs = ({name: t.shape for name, t in s.items()} for s in (expected, saved))
    differing = sorted(n for n in ours.keys() | theirs.keys() if ours.get(n) != theirs.get(n))
    if differing:
        raise InputError(
            f"{path} does not fit the model: {differing[0]} is missing or of another shape in one "
            f"of them, as are {len(differing) - 1} others",
            hint=_START_ANEW,
        )


def _match_memory_format(optimizer: Optimizer) -> None:
    """Lay out what the optimizer remembers as its parameters are; fused kernels rely on it."""
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                state[name] = torch.empty_like(parameter).copy_(value)

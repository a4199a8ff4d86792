"""The state of a run: what a checkpoint holds, and how a run takes it up again."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bsgrow.errors import InputError
from bsgrow.files.atomic import naming
from bsgrow.schedule import Plan
from bsgrow.training.checkpoint.archive import NoCheckpointError
from bsgrow.training.checkpoint.checks import AVERAGED, FORMAT_VERSION, UnfitError
from bsgrow.training.checkpoint.folder import (
    Newest,
    checkpoint_path,
    defect,
    map_whole,
    newest_whole_checkpoint,
    num_updates_of,
    without,
    write_checkpoint_file,
)
from bsgrow.training.checkpoint.keeping import NUM_KEPT, keep_newest
from bsgrow.training.checkpoint.manifest import HashingWriter
from bsgrow.training.checkpoint.reading import Run, largest_checkpoint, read_checked
from bsgrow.training.step import Metrics


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
    folder: Path,
    identity: Identity,
    position: Position,
    model: nn.Module,
    optimizer: Optimizer,
    averaged: nn.Module | None = None,
) -> Path:
    """Write a checkpoint while the caller waits, as ``write_checkpoint`` does; returns its path."""
    content = content_of(identity, position, model, optimizer, averaged)
    return write_checkpoint(folder, content)


def content_of(
    identity: Identity,
    position: Position,
    model: nn.Module,
    optimizer: Optimizer,
    averaged: nn.Module | None = None,
) -> dict[str, Any]:
    """Return what a checkpoint holds; its tensors are those of the models and the optimizer."""
    return {
        "format_version": FORMAT_VERSION,
        "identity": asdict(identity),
        "position": asdict(position),
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        **({AVERAGED: averaged.state_dict()} if averaged is not None else {}),
    }


def write_checkpoint(
    folder: Path,
    content: Mapping[str, Any],
    *,
    tested: Metrics | None = None,
    num_kept: int = NUM_KEPT,
    keep_best: bool = True,
    check: Callable[[], object] = lambda: None,
) -> Path:
    """Write a checkpoint, then remove all but it, some before it, and the best.

    One that is there already, whole, stays: a run is in one state after a given update. Waits for
    the device. Nobody else writes in the folder.

    Args:
        folder: of this run's checkpoints; made if it is not there.
        content: from ``content_of``; its tensors do not change meanwhile.
        tested: what the held-out samples gave after that update, if they were evaluated.
        num_kept: checkpoints that are kept beside the best, with this one.
        keep_best: whether the best is kept.
        check: called before each write; raises to end it.

    Returns:
        The path of the checkpoint.

    Raises:
        BsgrowError: if the disk is full, the folder read-only, …; older checkpoints stay.
    """
    with naming(folder, "make"):
        folder.mkdir(parents=True, exist_ok=True)
    path = checkpoint_path(folder, content["position"]["update_index"])
    if defect(path) is not None:
        write_checkpoint_file(path, lambda writer: _save(content, writer), tested, check)
    keep_newest(folder, path, num_kept, keep_best=keep_best)
    return path


def _save(state: Mapping[str, Any], writer: HashingWriter) -> None:
    torch.save(state, cast("IO[bytes]", writer))  # all that torch asks for is write and flush


def load_checkpoint(
    path: Path,
    identity: Identity,
    plan: Plan,
    model: nn.Module,
    optimizer: Optimizer,
    averaged: nn.Module | None = None,
) -> Position:
    """Put a checkpoint's state into a model and its optimizer, and return where the run was.

    The file may come from anybody: everything is checked before anything is changed. The
    optimizer's hyperparameters are those of the recipe and the plan. The file is mapped, so that
    the processes of a host that load it share its pages, and each takes the memory of its models
    and optimizer alone.

    Args:
        path: as found by ``newest_whole_checkpoint``.
        identity: of the run that goes on.
        plan: of the run.
        model: built from the same recipe, on any device and in any memory format.
        optimizer: over the model's parameters.
        averaged: the model with averaged weights, where the run keeps them.

    Raises:
        BsgrowError: if the file cannot be read.
        InputError: if it is damaged, of another format version or another run, or does not fit
            the plan, the model or the optimizer.
    """
    run = Run(asdict(identity), plan, model, optimizer, averaged)
    with _explaining(path):
        content = map_whole(path, largest_checkpoint(run))
        saved = read_checked(content, run, num_updates_of(path))
    model.load_state_dict(saved.model)
    if averaged is not None:
        averaged.load_state_dict(saved.averaged)
    optimizer.load_state_dict(saved.optimizer)
    _take_into_memory(optimizer)
    return Position(**saved.position)


def newest_checkpoint(
    folder: Path,
    plan: Plan,
    model: nn.Module,
    optimizer: Optimizer,
    averaged: nn.Module | None = None,
) -> Newest:
    """Find where to resume, as ``newest_whole_checkpoint``, among files no larger than can be."""
    run = Run({}, plan, model, optimizer, averaged)
    return newest_whole_checkpoint(folder, largest_checkpoint(run))


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    try:
        yield
    except NoCheckpointError as error:
        raise InputError(
            f"{path} is not a bsgrow checkpoint: {error}", hint=without(path)
        ) from error
    except UnfitError as error:
        raise InputError(f"{path} {error}", hint=error.hint or without(path)) from error


def _take_into_memory(optimizer: Optimizer) -> None:
    """Copy what the optimizer remembers out of the file, laid out as its parameters are.

    Fused kernels rely on the layout.
    """
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if isinstance(value, Tensor):
                alike = value.shape == parameter.shape
                state[name] = torch.empty_like(parameter if alike else value).copy_(value)

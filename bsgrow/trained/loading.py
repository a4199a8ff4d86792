"""``bsgrow.load_model``: the model of a run, or of a file that was exported, to be used."""

from pathlib import Path

from torch import nn

from bsgrow.errors import InputError
from bsgrow.text.printable import printable
from bsgrow.trained.exported_file import READ, read_exported
from bsgrow.trained.opened import open_run
from bsgrow.training.checkpoint.folder import FILE_NAME, num_updates_of
from bsgrow.training.checkpoint.weights import Weights
from bsgrow.validation.annotated import checked


@checked
def load_model(
    source: str | Path, which: str | int = "best", weights: Weights | None = None
) -> nn.Module:
    """Return the model of a run, in evaluation mode, on the CPU.

    Its batch norms are torch's, with the running statistics of the ghost batch norms that it was
    trained with. It is given inputs as in training: images [N, C, H, W] of float32, less the mean
    of the data and divided by their standard deviation.

    Args:
        source: the directory of a run; or one of its checkpoints; or a file that ``bsgrow export``
            wrote, ``.safetensors``, or ``.pth`` with its JSON beside it.
        which: of a run's checkpoints: ``"best"``, at whose update the model did best on the
            held-out samples, ``"last"``, or a number of updates.
        weights: of a run: ``"averaged"`` (``optimizer.ema_decay``) or ``"trained"``; None for those
            that it was evaluated with, which are averaged where it has them.

    Raises:
        InputError: there is no run, or no such checkpoint or weights; or it is damaged, or the run
            diverged.
        UserCodeError: code of the user, which a run with a model of one's own needs, raised an
            error.
        BsgrowError: something may not be read.
    """
    path = Path(source)
    if path.is_file():
        is_of_run = FILE_NAME.fullmatch(path.name) and (path.parent.parent / "recipe.toml").exists()
        return open_run(*_run_of(path), weights).model if is_of_run else _exported(path)
    return open_run(path, which, weights).model


def _run_of(path: Path) -> tuple[Path, int]:
    """Return the directory of the run that a checkpoint is of, and its number of updates."""
    return path.parent.parent, num_updates_of(path)


def _exported(path: Path) -> nn.Module:
    if path.suffix.lower() not in READ:
        raise InputError(
            f"{printable(path)}: is neither a checkpoint in the directory of a run nor weights",
            hint=f"name the folder of a run, or a file that ends in {', '.join(READ)}",
        )
    return read_exported(path)

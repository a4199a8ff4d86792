"""Models handed on: written as a file that others read, once it computes what the model does."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

import torch
from torch import Tensor

from bsgrow.errors import BsgrowError, InputError
from bsgrow.files.atomic import write_atomically
from bsgrow.text.command import option
from bsgrow.text.printable import printable
from bsgrow.trained.description import describe
from bsgrow.trained.formats.onnx import onnx_bytes, onnx_function, require_onnx
from bsgrow.trained.formats.pt2 import pt2_bytes, pt2_function
from bsgrow.trained.formats.state_dict import safetensors_bytes, torch_bytes
from bsgrow.trained.opened import OpenedRun
from bsgrow.trained.samples import test_inputs
from bsgrow.user_code.errors import UserCodeError

Target = Literal["safetensors", "onnx", "pt2", "torch"]
SUFFIXES: Final = {"safetensors": ".safetensors", "onnx": ".onnx", "pt2": ".pt2", "torch": ".pth"}
_TARGETS: Final = {suffix: target for target, suffix in SUFFIXES.items()} | {".pt": "torch"}

TOLERANCE: Final = 1e-4
"""How far logits may be from the model's own, of the largest of them in size.

Both compute in float32, whose products are exact to 6e-8. A runtime folds norms into convolutions
and sums in another order, over thousands of products a layer: some 1e-6 are seen, more in deep
networks. What is computed wrong is further off by orders."""

_NUM_COMPARED = 8  # samples; and the first of them alone, as the batch is free


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        path: of the file; ``path`` and ``.json`` is what describes it.
        difference: the largest of the logits' from the model's own; None of weights alone.
        largest: the largest of the model's own logits in size.
        num_compared: test samples on which they were compared.
    """

    path: Path
    difference: float | None
    largest: float
    num_compared: int


def export(run: OpenedRun, target: Target, path: Path) -> Exported:
    """Write the model of a run without its training state, and beside it a JSON that describes it.

    A graph is run on samples of the run's test split first, and written only if its logits are the
    model's own within ``TOLERANCE``.

    Args:
        run: whose model it is.
        target: the format.
        path: of the file; replaced where it is there.

    Raises:
        InputError: a package or the run's data is missing, or the folder; or the file has the
            ending of another format.
        BsgrowError: the model cannot be exported, computes other logits then, or a file cannot be
            written.
    """
    assert target in get_args(Target)
    if not path.parent.is_dir():
        raise InputError(
            f"--out {printable(path)}: there is no folder {printable(path.parent)}",
            hint="name a file in a folder that is there",
        )
    _require_its_ending(target, path)
    description, weights = describe(run), run.model.state_dict()
    compared: tuple[float | None, float, int] = (None, 0.0, 0)
    if target == "safetensors":
        content = safetensors_bytes(weights, description)
    elif target == "torch":
        content = torch_bytes(weights)
    else:
        content, compared = _graph(run, target)
    write_atomically(path, lambda file: file.write(content))
    text = json.dumps(description, indent=2) + "\n"
    write_atomically(beside(path), lambda file: file.write(text.encode()))
    return Exported(path, *compared)


def _require_its_ending(target: Target, path: Path) -> None:
    """Refuse what readers would take for another format; endings that say nothing may be."""
    meant = _TARGETS.get(path.suffix.lower(), target)
    if meant != target:
        other = path.with_suffix(SUFFIXES[target])
        raise InputError(
            f"--out {printable(path)}: {printable(path.suffix)} is the ending of {meant}, and "
            f"{target} is written",
            hint=f"take {option('--to', meant)}, or {option('--out', other)}",
        )


def beside(path: Path) -> Path:
    """Return where the description of an exported file belongs."""
    return path.with_name(f"{path.name}.json")


def _graph(run: OpenedRun, target: Target) -> tuple[bytes, tuple[float, float, int]]:
    """Return a graph and how far it is from the model."""
    if target == "onnx":
        require_onnx()
    inputs, description = test_inputs(run, _NUM_COMPARED), describe(run)
    traced = inputs if len(inputs) > 1 else torch.cat([inputs, inputs])  # of one it takes the size
    make, load = (onnx_bytes, onnx_function) if target == "onnx" else (pt2_bytes, pt2_function)
    try:
        content = make(run.model, traced, description)
    except Exception as error:  # whatever torch has to say of a model that it cannot trace
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserCodeError(
            f"--to {target}: torch cannot export {run.recipe.model.name}: {reason}",
            hint="take --to safetensors, which has the weights",
        ) from error
    return content, _compared(run, target, load(content), inputs)


def _compared(
    run: OpenedRun, target: Target, compute: Callable[[Tensor], Tensor], inputs: Tensor
) -> tuple[float, float, int]:
    """Return how far a graph is from the model, for all samples at once and for one.

    Raises:
        BsgrowError: it is too far.
    """
    difference = 0.0
    with torch.inference_mode():
        own = run.model(inputs)
        largest = own.abs().max().item()
        for part in (inputs, inputs[:1]):
            found = compute(part) - own[: len(part)]
            difference = max(difference, found.abs().max().item())
    if not difference <= TOLERANCE * max(largest, 1.0):
        raise BsgrowError(
            f"--to {target}: on {len(inputs)} test samples its logits are up to {difference:.3g} "
            f"off, where {TOLERANCE:g} of the largest, {largest:.3g}, is allowed; none is written",
            hint="take --to safetensors, which has the weights",
        )
    return difference, largest, len(inputs)

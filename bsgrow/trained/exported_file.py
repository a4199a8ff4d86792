"""Files that ``bsgrow export`` wrote, read back."""

import io
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from bsgrow.errors import InputError
from bsgrow.files.atomic import naming
from bsgrow.files.regular import read_regular
from bsgrow.text.printable import printable
from bsgrow.trained.description import model_of
from bsgrow.trained.exporting import beside
from bsgrow.trained.formats.state_dict import METADATA
from bsgrow.trained.packages import imported

READ: Final = (".safetensors", ".pth", ".pt")
"""What a file that has weights by name ends in."""

_LARGEST_DESCRIPTION = 2**26  # bytes
_HINT = "export it again: the JSON that was written belongs beside a file of torch"
_NOT_ONE = (KeyError, TypeError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError)


def read_exported(path: Path) -> nn.Module:
    """Return the model of an exported file, in evaluation mode, on the CPU.

    Args:
        path: of a safetensors file, or of torch's with its JSON beside it.

    Raises:
        InputError: it is damaged or none, lacks its description, or its weights do not fit.
        BsgrowError: it cannot be read.
    """
    with naming(path, "read"):
        content = read_regular(path, path.stat().st_size)
    try:
        safe = path.suffix.lower() == ".safetensors"
        weights, description = _safetensors(content) if safe else _torch(content, path)
        model, _ = model_of(description)
        model.load_state_dict(weights)
    except InputError:
        raise
    except _NOT_ONE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{printable(path)} is no model of bsgrow: {reason}", _HINT) from error
    return model


def _safetensors(content: bytes) -> tuple[Mapping[str, Tensor], Any]:
    weights = imported("safetensors.torch", "load_model").load
    error = imported("safetensors", "load_model").SafetensorError
    try:
        tensors = weights(content)
    except error as caught:
        raise ValueError(str(caught)) from caught
    length = int.from_bytes(content[:8], "little")
    found = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    if METADATA not in found:
        raise ValueError("its metadata have no description of bsgrow's")
    return tensors, json.loads(found[METADATA])


def _torch(content: bytes, path: Path) -> tuple[Mapping[str, Tensor], Any]:
    with naming(beside(path), "read"):
        try:
            description = json.loads(read_regular(beside(path), _LARGEST_DESCRIPTION))
        except FileNotFoundError:
            raise ValueError(f"{beside(path).name} is not beside it") from None
    return torch.load(io.BytesIO(content), weights_only=True), description

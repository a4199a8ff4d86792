"""Weights that a model begins with: safetensors or a ``state_dict``; no code of a file is run."""

import io
import logging
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from bsgrow.errors import InputError
from bsgrow.models.weights import fit_weights
from bsgrow.recipe import ModelConfig
from bsgrow.recipe.weights_file import read_same_weights
from bsgrow.text.printable import shown

_HOLDERS = ("averaged", "model", "state_dict", "model_state_dict")
"""Where a file that holds more than weights has them: bsgrow's and timm's, Lightning's, others'."""

_KINDS = "it is to be a .safetensors file, or a state_dict that torch.save wrote"
_log = logging.getLogger(__name__)


def begin_with(model: nn.Module, config: ModelConfig, num_classes: int, *, says: bool) -> None:
    """Put the weights of ``model.weights`` into a model that is new; none where there is no file.

    Args:
        model: as it is built; changed in place.
        config: ``[model]``.
        num_classes: of the data.
        says: whether it is told where the head stays new.

    Raises:
        InputError: the file cannot be read, is no such file or another than its digest says, or
            does not fit the model.
    """
    if config.weights is None:
        return
    what = f"model.weights = {shown(config.weights)}"
    try:
        weights = _tensors(read_same_weights(config))
        fitted = fit_weights(model, weights, num_classes)
    except _NoWeightsError as error:
        raise InputError(f"{what}: holds no weights: {error}", _KINDS) from error
    except InputError as error:
        message = error.message if error.message.startswith(what) else f"{what}: {error.message}"
        raise InputError(message, error.hint) from error
    model.load_state_dict(fitted.state)
    if fitted.new_head and says:
        _log.warning("%s; it is made new, for %d", fitted.new_head, num_classes)


class _NoWeightsError(Exception):
    """A file holds no weights; its text says why."""


def _tensors(content: bytes) -> Mapping[str, Tensor]:
    is_safe = content[8:9] == b"{"  # a length of 8 bytes, then JSON
    loaded = _safetensors(content) if is_safe else _weights_of(_torch(content))
    for name, value in loaded.items():
        if (
            not isinstance(name, str)
            or not isinstance(value, Tensor)
            or value.layout != torch.strided
        ):
            raise _NoWeightsError(f"{shown(name)} is of {type(value).__name__}, no dense tensor")
    if not loaded:
        raise _NoWeightsError("it has no tensor")
    return loaded


def _safetensors(content: bytes) -> Mapping[str, Tensor]:
    try:
        loaded: Mapping[str, Tensor] = import_module("safetensors.torch").load(content)
    except ImportError as error:
        raise InputError(
            "needs the package safetensors, which is not installed",
            hint="install it with: pip install safetensors",
        ) from error
    except Exception as error:  # whatever a damaged header reaches in it
        raise _NoWeightsError(f"its safetensors header is damaged: {_short(error)}") from error
    return loaded


def _torch(content: bytes) -> Any:
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file, or a pickle of objects, reaches in it
        raise _NoWeightsError(_short(error)) from error


def _weights_of(loaded: Any) -> Mapping[str, Any]:
    """Return the weights, also of a file that holds a training state beside them."""
    if not isinstance(loaded, Mapping):
        raise _NoWeightsError(f"it is of {type(loaded).__name__}")
    return next((loaded[key] for key in _HOLDERS if isinstance(loaded.get(key), Mapping)), loaded)


def _short(error: Exception) -> str:
    """Return the first sentence of what torch says; the rest tells how to run code of the file."""
    text = str(error).strip() or type(error).__name__
    return shown(text.split("\n")[0].partition(". ")[0])

"""Weights by name: as safetensors, and as torch's own ``state_dict``."""

import io
import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from bsgrow.trained.packages import imported

METADATA = "description"
"""The key of the metadata that holds the description as JSON; each of its parts has its own too."""


def safetensors_bytes(weights: Mapping[str, Tensor], description: Mapping[str, Any]) -> bytes:
    """Return a safetensors file; what describes it is in its metadata. Same in, same bytes."""
    safetensors = imported("safetensors.torch", "--to safetensors")
    return _in_order(safetensors.save(_own(weights), metadata(description)))


def _in_order(content: bytes) -> bytes:
    """Sort the metadata, which safetensors writes in an order that chance gives."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[start:]


def torch_bytes(weights: Mapping[str, Tensor]) -> bytes:
    """Return what ``torch.load(weights_only=True)`` gives as a dict of tensors."""
    buffer = io.BytesIO()
    torch.save(_own(weights), buffer)
    return buffer.getvalue()


def metadata(description: Mapping[str, Any]) -> dict[str, str]:
    """Return a description as metadata, whose values are text: JSON of each."""
    parts = {key: json.dumps(value) for key, value in description.items()}
    return {"format": "pt", METADATA: json.dumps(description), **parts}


def _own(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights each in memory of its own, row after row."""
    layout = torch.contiguous_format
    return {name: value.clone(memory_format=layout) for name, value in weights.items()}

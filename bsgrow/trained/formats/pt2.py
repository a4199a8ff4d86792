"""PT2: what ``torch.export`` makes of a model, for any number of samples."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from bsgrow.trained.formats.onnx import quietly

DESCRIPTION = "bsgrow.json"
"""The extra file in the archive that holds the description."""


def pt2_bytes(model: nn.Module, inputs: Tensor, description: Mapping[str, Any]) -> bytes:
    """Return what ``torch.export.load`` gives as a program."""
    buffer = io.BytesIO()
    with quietly():
        program = torch.export.export(
            model, (inputs,), dynamic_shapes=({0: torch.export.Dim("batch")},)
        )
        torch.export.save(program, buffer, extra_files={DESCRIPTION: json.dumps(description)})
    return buffer.getvalue()


def pt2_function(content: bytes) -> Callable[[Tensor], Tensor]:
    """Return what the program computes."""
    with quietly():
        compute: Callable[[Tensor], Tensor] = torch.export.load(io.BytesIO(content)).module()
    return compute

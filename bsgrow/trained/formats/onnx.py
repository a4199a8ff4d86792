"""ONNX: a graph that takes any number of samples."""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from bsgrow.trained.formats.state_dict import metadata
from bsgrow.trained.packages import imported

_KEY = "--to onnx"
_TELLS_OF_TORCHVISION = "torch.onnx"


def require_onnx() -> None:
    """Check that what is needed is installed; raises InputError."""
    for package in ("onnx", "onnxscript", "onnxruntime"):
        imported(package, _KEY)


def onnx_bytes(model: nn.Module, inputs: Tensor, description: Mapping[str, Any]) -> bytes:
    """Return a model as ONNX, with one input ``inputs`` and one output ``logits``.

    Args:
        model: in evaluation mode.
        inputs: two or more samples, to trace it with.
        description: becomes the metadata.
    """
    batch = torch.export.Dim("batch")
    with quietly():
        program = torch.onnx.export(
            model,
            (inputs,),
            dynamo=True,
            dynamic_shapes=({0: batch},),
            input_names=["inputs"],
            output_names=["logits"],
            verbose=False,
        )
        assert program is not None, "of dynamo"
        proto: Any = program.model_proto
    for key, value in metadata(description).items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = key, value
    content: bytes = proto.SerializeToString()
    return content


def onnx_function(content: bytes) -> Callable[[Tensor], Tensor]:
    """Return what onnxruntime computes of inputs, on the CPU."""
    runtime = imported("onnxruntime", _KEY)
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def compute(inputs: Tensor) -> Tensor:
        (logits,) = session.run(["logits"], {"inputs": inputs.numpy()})
        return torch.from_numpy(logits)

    return compute


@contextmanager
def quietly() -> Iterator[None]:
    """Leave unsaid what torch's exporters tell of themselves."""
    logger = logging.getLogger(_TELLS_OF_TORCHVISION)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)

"""A digest of a model's weights, so that two runs can be compared."""

import hashlib

import torch
from torch import Tensor, nn


def weights_sha256(model: nn.Module) -> str:
    """Return the SHA-256 of the ``state_dict`` in name order, as 64 hexadecimal digits.

    Each adds its name, dtype, shape and bytes in row-major order, so the digest depends neither on
    the device nor on the memory format. Waits for the device.
    """
    digest = hashlib.sha256()
    tensors = model.state_dict()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()


def _bytes(tensor: Tensor) -> memoryview:
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().data

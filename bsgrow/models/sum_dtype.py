"""What sums over many samples are made in."""

import torch

_WITHOUT_FLOAT64 = ("mps",)


def sum_dtype(device: torch.device) -> torch.dtype:
    """Return float64, or float32 on a Mac's GPU, which has no float64."""
    return torch.float32 if device.type in _WITHOUT_FLOAT64 else torch.float64

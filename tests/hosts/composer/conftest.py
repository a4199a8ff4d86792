"""What Composer finds missing here when it is imported."""

import os

import torch

os.environ.setdefault("NODE_RANK", "0")  # which the command `composer` says, and torchrun does not

# Composer imports torchvision and uses none of it here. PyPI's is built for CUDA, and beside a
# torch without it lacks the operators that it describes when it is imported.
for name in ("nms", "qnms"):
    torch.library.define(f"torchvision::{name}", "(Tensor a, Tensor b, float c) -> Tensor")

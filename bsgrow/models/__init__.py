"""Architectures, one file each, and ghost batch normalisation; torch is imported with the first.

What there is and what it takes, ``MODELS``, is known without torch.
"""

from typing import TYPE_CHECKING

from bsgrow.lazy import importing
from bsgrow.models.registry import (
    MODELS,
    build_model,
    check_form_fits,
    check_has_blocks,
    check_images_fit,
    check_model,
)
from bsgrow.models.specs import ModelSpec

if TYPE_CHECKING:
    from bsgrow.models.ghost_batch_norm import GhostBatchNorm2d

__all__ = [
    "MODELS",
    "GhostBatchNorm2d",
    "ModelSpec",
    "build_model",
    "check_form_fits",
    "check_has_blocks",
    "check_images_fit",
    "check_model",
]

__getattr__, __dir__ = importing(__name__, {"ghost_batch_norm": "GhostBatchNorm2d"})

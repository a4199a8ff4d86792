"""Architectures, one file each, and ghost batch normalisation; torch is imported with the first.

What an architecture takes, ``MODEL_SPECS``, is known without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from bsgrow.models.specs import MODEL_SPECS, check_images_fit, check_model

if TYPE_CHECKING:
    from bsgrow.models.ghost_batch_norm import GhostBatchNorm2d
    from bsgrow.models.registry import MODELS, build_model

__all__ = [
    "MODELS",
    "MODEL_SPECS",
    "GhostBatchNorm2d",
    "build_model",
    "check_images_fit",
    "check_model",
]

_WITH_TORCH = {"GhostBatchNorm2d": "ghost_batch_norm", "MODELS": "registry"}
_WITH_TORCH["build_model"] = "registry"


def __getattr__(name: str) -> object:
    if name not in _WITH_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WITH_TORCH[name]}"), name)

"""Architectures, one file each, and ghost batch normalisation."""

from bsgrow.models.ghost_batch_norm import GhostBatchNorm2d
from bsgrow.models.registry import MODELS, build_model, check_images_fit

__all__ = ["MODELS", "GhostBatchNorm2d", "build_model", "check_images_fit"]

"""Batch norms with a forward of their own that goes on after the norm, as ghost batch norms."""

from collections.abc import Callable
from typing import Any, Final

from torch import Tensor, nn

from bsgrow.models.ghost_batch_norm import GhostBatchNorm2d, GhostSyncBatchNorm

AFTER_NORM: Final[dict[str, Callable[[Any, Tensor], Tensor]]] = {
    "timm.layers.norm_act.BatchNormAct2d": lambda norm, y: norm.act(norm.drop(y)),
    "timm.layers.norm_act.SyncBatchNormAct": lambda norm, y: norm.act(norm.drop(y)),
}
"""What a class does with what its norm returns, by the name of the class that has the forward; a
class whose forward is torch's batch norm and then this is converted exactly."""

CLASS_BEFORE: Final = "_class_before_conversion"
"""Where a converted norm keeps the class that it was of."""


def after_norm(norm: type[nn.Module]) -> Callable[[Any, Tensor], Tensor] | None:
    """Return what a class does after its norm; None where that is not known, or nothing."""
    forward = norm.forward
    return AFTER_NORM.get(f"{forward.__module__}.{forward.__qualname__.removesuffix('.forward')}")


class GhostNormThen(nn.Module):
    """Does after a ghost batch norm what the class does that it was converted from."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Normalise, and go on."""
        after = after_norm(vars(self)[CLASS_BEFORE])
        assert after is not None
        return after(self, super().forward(input))


class GhostBatchNorm2dThen(GhostNormThen, GhostBatchNorm2d):
    """``GhostBatchNorm2d``, and what was done after the norm; made by ``convert_batch_norm``."""


class GhostSyncBatchNormThen(GhostNormThen, GhostSyncBatchNorm):
    """``GhostSyncBatchNorm``, and what was done after the norm; made by ``convert_batch_norm``."""

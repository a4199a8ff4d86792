"""Loss scaling for float16, whose smallest numbers would round small gradients to zero.

The loss is multiplied before backward and the gradient divided after it (Micikevicius et al. 2018,
arXiv 1710.03740, section 3.2). Where a gradient overflows, the scale is halved and the same update
made again: to leave it out, as torch.amp.GradScaler does, would lose its samples. The scale doubles
after as many updates in a row as there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from bsgrow.training.checkpoint.checks import LOSS_SCALE
from bsgrow.training.divergence import DivergedRunError

FIRST_SCALE: Final = 2.0**16
GROWTH_UPDATES: Final = 2000
_LARGEST_SCALE = 2.0**32


class GradientOverflowError(DivergedRunError):
    """The gradient of an update is not finite, though its loss is."""


@dataclass
class LossScale:
    """What the loss is multiplied by; 1 where nothing is scaled.

    Attributes:
        is_on: whether the loss is scaled.
        value: a power of two, so that scaling rounds nothing.
        num_good: updates made since it changed.
        num_overflows: updates that were made again with a smaller one.
    """

    is_on: bool = False
    value: float = 1.0
    num_good: int = 0
    num_overflows: int = 0

    @classmethod
    def for_dtype(cls, dtype: torch.dtype | None) -> Self:
        """Return the scale of the first update: above 1 for float16 alone."""
        return cls(True, FIRST_SCALE) if dtype is torch.float16 else cls()

    @property
    def can_fall(self) -> bool:
        """Whether an update that overflows is worth making again."""
        return self.value > 1

    def unscale(self, gradients: Iterable[Tensor], number: int) -> None:
        """Divide the gradient by the scale. Waits for the device, where the loss is scaled.

        Args:
            gradients: of an update over all processes; asked for where the loss is scaled.
            number: of the update, from 1.

        Raises:
            GradientOverflowError: it is not finite.
        """
        if not self.is_on:
            return
        held = list(gradients)
        if not bool(get_total_norm(held, float("inf")).isfinite()):
            raise GradientOverflowError(
                f"the gradient of update {number} overflows float16, at a loss scale of "
                f"{self.value:g}",
                hint='set run.precision = "bfloat16", or lower schedule.lr',
            )
        torch._foreach_mul_(held, 1 / self.value)

    def halve(self) -> None:
        """Take the scale back after an overflow."""
        self.value, self.num_good = self.value / 2, 0
        self.num_overflows += 1

    def count(self) -> None:
        """Count an update that was made."""
        if self.is_on:
            self.num_good += 1
            if self.num_good == GROWTH_UPDATES:
                self.value, self.num_good = min(2 * self.value, _LARGEST_SCALE), 0

    def as_extra(self) -> dict[str, float]:
        """Return what a checkpoint keeps of it; nothing where nothing is scaled."""
        if not self.is_on:
            return {}
        numbers = (self.value, self.num_good, self.num_overflows)
        return dict(zip(LOSS_SCALE, numbers, strict=True))

    def restored(self, extra: Mapping[str, float]) -> "LossScale":
        """Return the scale of a checkpoint, where both scale; else this one."""
        if not self.is_on or LOSS_SCALE[0] not in extra:
            return self
        value, *counts = (extra[name] for name in LOSS_SCALE)
        return LossScale(True, value, *map(int, counts))

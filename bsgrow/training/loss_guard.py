"""Keeps an update whose loss is not finite from being applied, without waiting for a device."""

import torch
from torch import Tensor
from torch.optim import Optimizer

from bsgrow.training.divergence import require_finite_loss
from bsgrow.training.update_sums import UpdateSums


class LossGuard:
    """Refuses the first update of which the loss is not finite, and all after it.

    On the CPU that shows at once. On a device the host does not wait: from that update on, the
    fused optimizer leaves the weights alone (``found_inf``, as for gradient scaling), and so does
    what the update adds to totals and running statistics, until ``take_num_refused`` looks at it.

    Args:
        optimizer: a fused one.
        device: of its parameters.
        defers: whether the host must not wait for the device.
    """

    def __init__(self, optimizer: Optimizer, device: torch.device, *, defers: bool) -> None:
        self._defers = defers
        self._refuses = torch.zeros((), device=device)
        self._num_refused = torch.zeros((), device=device, dtype=torch.int64)
        if defers:
            optimizer.found_inf = self._refuses  # type: ignore[attr-defined]

    def check(self, sums: UpdateSums, num_samples: int, num_updates: int) -> None:
        """Look at an update of which the sums are those of all processes, before it is applied.

        Args:
            sums: of the update; emptied on the device where it is refused.
            num_samples: of the update.
            num_updates: made until then, the update included.

        Raises:
            DivergedRunError: its loss is not finite, where that shows at once.
        """
        loss_sum = sums.totals.sums[0]
        if not self._defers:
            require_finite_loss(float(loss_sum) / num_samples, "training loss", num_updates)
            return
        is_finite: Tensor = loss_sum.isfinite()
        self._refuses.copy_(torch.maximum(self._refuses, (~is_finite).float()))
        self._num_refused.add_(self._refuses.long())
        sums.drop_if(self._refuses > 0)

    def take_num_refused(self) -> int:
        """Return how many updates were not applied since the last time. Waits for the device."""
        if not self._defers:
            return 0
        num_refused = int(self._num_refused)
        self._num_refused.zero_()
        return num_refused

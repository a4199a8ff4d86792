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
    An optimizer without a fused kernel cannot be told so: the host waits for each loss then.

    Args:
        optimizer: a fused one where the guard defers.
        device: of its parameters.
        defers: whether the host does not wait for the device.
    """

    def __init__(self, optimizer: Optimizer, device: torch.device, *, defers: bool) -> None:
        self._defers = defers
        self._refuses = torch.zeros((), device=device)
        self._num_refused = torch.zeros((), device=device, dtype=torch.int64)
        if defers:
            optimizer.found_inf = self._refuses  # type: ignore[attr-defined]

    @property
    def refused(self) -> Tensor | None:
        """Float [] on the device: 1 from the first update on that it refuses; None on the CPU."""
        return self._refuses if self._defers else None

    def check(self, sums: UpdateSums, num_samples: int, num_updates: int) -> None:
        """Look at an update whose sums are those of all processes, where the host waits anyway.

        Args:
            sums: of the update.
            num_samples: of the update.
            num_updates: made until then, the update included.

        Raises:
            DivergedRunError: its loss is not finite, where that shows at once.
        """
        if not self._defers:
            loss = float(sums.totals.sums[0]) / num_samples
            require_finite_loss(loss, "training loss", num_updates)

    def before_step(self, sums: UpdateSums) -> None:
        """Refuse an update on the device, where it does not show at once that it has to be.

        One that is given up does not come to this, and so counts for nothing.

        Args:
            sums: of the update; emptied where it is refused.
        """
        if self._defers:
            is_finite: Tensor = sums.totals.sums[0].isfinite()
            self._refuses.copy_(torch.maximum(self._refuses, (~is_finite).float()))
            self._num_refused.add_(self._refuses.long())
            sums.drop_if(self._refuses > 0)

    def wait(self) -> None:
        """Wait until the device has looked at all updates that were made."""
        if self._defers:
            int(self._num_refused)

    def take_num_refused(self) -> int:
        """Return how many updates were not applied since the last time. Waits for the device."""
        if not self._defers:
            return 0
        num_refused = int(self._num_refused)
        self._num_refused.zero_()
        return num_refused

"""What the micro-batches of an update add up to beside its gradient."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from bsgrow.models.ghost_batch_norm import RunningStatistics
from bsgrow.training.group.process_group import ProcessGroup
from bsgrow.training.step import Totals


class UpdateSums:
    """Loss, number right and statistics of batch normalisation of the update under way.

    They are the run's only once the update is applied; one that is given up is dropped, and leaves
    the model as it was after the update before.

    Args:
        model: whose batch norms sum their statistics.
        device: of the model.

    Attributes:
        totals: takes the loss and the number right of each micro-batch.
    """

    def __init__(self, model: nn.Module, device: torch.device) -> None:
        self.totals = Totals(device)
        self._statistics = RunningStatistics(model)

    @torch.no_grad()
    def sum_over(self, group: ProcessGroup) -> None:
        """Sum over the processes, all at once; waits for no device.

        Raises:
            LostProcessError: another process does not answer.
        """
        if group.world_size > 1:
            parts = list(self._parts())
            flat = group.sum_(torch.cat([part.flatten() for part in parts]))
            sizes = [part.numel() for part in parts]
            for part, summed in zip(parts, torch.split(flat, sizes), strict=True):
                part.copy_(summed.view_as(part))

    def take(self, totals: Totals, num_samples: int) -> None:
        """Add the update to the run's totals and to the running statistics; waits for nothing.

        Args:
            totals: of the run.
            num_samples: of the update, on all processes.
        """
        totals.add_update(self.totals.sums, num_samples)
        self._statistics.take_update(num_samples)
        self.totals.sums.zero_()

    def drop_if(self, condition: Tensor) -> None:
        """Forget the update where a bool [] on the device says so; waits for nothing."""
        for part in self._parts():
            part.masked_fill_(condition, 0.0)

    def drop(self) -> None:
        """Forget the update."""
        self.totals.sums.zero_()
        self._statistics.drop_update()

    def _parts(self) -> Iterator[Tensor]:
        yield self.totals.sums
        yield from self._statistics.sums

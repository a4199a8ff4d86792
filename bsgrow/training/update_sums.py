"""What the micro-batches of an update add up to beside its gradient."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from bsgrow.models.ghost_batch_norm import RunningStatistics
from bsgrow.models.sum_dtype import sum_dtype
from bsgrow.recipe import Recipe
from bsgrow.schedule import Update
from bsgrow.training.group.process_group import ProcessGroup, Summing
from bsgrow.training.step import Totals

NormSteps = Callable[[Update], float | None]
"""How often the momentum of a batch norm is applied in an update; None for once a ghost batch."""


def of_ghost_batches(update: Update) -> None:
    """Apply the momentum of a batch norm once a ghost batch, as each remembers samples so."""


def norm_steps(recipe: Recipe) -> NormSteps:
    """Return how often the momentum of batch norms is applied in an update of a recipe's run.

    Of ordinary batch norm an update of the reference is one step, and one of κ times the samples is
    κ; what is not to go with the batch is one step an update.
    """
    if "batch_norm" not in recipe.growth.rescale:
        return lambda update: 1.0
    is_ghost = recipe.run.batch_norm == "ghost"
    return of_ghost_batches if is_ghost else lambda update: update.batch_ratio


class UpdateSums:
    """Loss, number right and statistics of batch normalisation of the update under way.

    They are the run's only once the update is applied; one that is given up is dropped, and leaves
    the model as it was after the update before.

    Args:
        model: whose batch norms sum their statistics.
        device: of the model.
        norm_steps: how often the momentum of the batch norms is applied in an update.

    Attributes:
        totals: takes the loss and the number right of each micro-batch.
    """

    def __init__(
        self, model: nn.Module, device: torch.device, norm_steps: NormSteps = of_ghost_batches
    ) -> None:
        self._norm_steps = norm_steps
        self.totals = Totals(device)
        self._statistics = RunningStatistics(model)
        parts = list(self._parts())
        num_numbers = sum(part.numel() for part in parts)
        # Made here: one that runs out of memory for it later would keep the others waiting.
        self._numbers = torch.zeros(num_numbers, dtype=sum_dtype(device), device=device)
        flat = torch.split(self._numbers, [part.numel() for part in parts])
        self._views = [view.view_as(part) for view, part in zip(flat, parts, strict=True)]

    @torch.no_grad()
    def begin_sum(self, group: ProcessGroup) -> Summing:
        """Begin to sum over the processes, all at once; ``give`` comes once it was waited for.

        Takes no memory, and waits for no device.

        Raises:
            LostProcessError: another process does not answer.
        """
        torch._foreach_copy_(self._views, list(self._parts()))
        return group.begin_sum(self._numbers)

    @torch.no_grad()
    def give(self) -> None:
        """Make what was summed the sums."""
        torch._foreach_copy_(list(self._parts()), self._views)

    def take(self, totals: Totals, update: Update) -> None:
        """Add the update to the run's totals and to the running statistics; waits for nothing.

        Args:
            totals: of the run.
            update: that was made, by all processes.
        """
        num_samples = update.global_batch_size
        totals.add_update(self.totals.sums, num_samples)
        self._statistics.take_update(num_samples, self._norm_steps(update))
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

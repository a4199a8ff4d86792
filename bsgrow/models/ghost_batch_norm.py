"""Batch normalisation whose statistics do not depend on the batch size."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Self

import torch
from torch import Tensor, nn

from bsgrow.errors import InputError
from bsgrow.models import at_step
from bsgrow.models.ghost_groups import normalise_groups
from bsgrow.models.recomputing import is_recomputing
from bsgrow.models.sum_dtype import sum_dtype
from bsgrow.models.update_statistics import take_each
from bsgrow.validation.annotated import checked_class


class Taken(Enum):
    """When the groups of an update enter the running statistics of a norm.

    Attributes:
        BY_OWNER: when ``RunningStatistics.take_update`` is called, by whoever built the norm.
        AT_STEP: after each step of a torch optimizer, before evaluation and before a state is
            saved; so with every norm that was converted.
        BY_CALLER: as by the owner, since a ``RunningStatistics`` was made of a converted norm; an
            evaluation before the update is taken is refused.
    """

    BY_OWNER = "by owner"
    AT_STEP = "at step"
    BY_CALLER = "by caller"


def check_ghost_batch_size(size: object) -> int:
    """Return a number of samples.

    Raises:
        InputError: it is none, 1 or more.
    """
    is_number = hasattr(size, "__index__") and not isinstance(size, bool | Tensor)
    if not is_number or (number := int(size.__index__())) < 1:  # type: ignore[attr-defined]
        raise InputError(
            f"ghost_batch_size = {size} is not a number of samples, 1 or more",
            hint="the usual value is the batch size that the schedule starts from, e.g. 128",
        )
    return number


class GhostBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalisation over consecutive groups of ``ghost_batch_size`` samples.

    In training each group is normalised by its own mean and variance (Hoffer et al. 2017, arXiv
    1705.08741, Algorithm 1), and these are summed in ``group_sums``, weighted with the samples of
    the group. The running statistics stay as they are until the update is taken, see ``Taken``.
    The last group may be short; one with a single value per channel has no variance, so it comes
    out as the bias and counts for nothing. In evaluation this is torch's batch norm, whose
    ``state_dict`` names it keeps; ``num_batches_tracked`` counts groups. With ``torch.func`` pass
    the buffers too, by ``functional_call``.

    Attributes:
        ghost_batch_size: samples per group.
        group_sums: float64 [3, C]: the sum over the groups of the update under way, each times its
            number of samples, of mean, variance (unbiased) and one. Sums of several processes add.
        taken: when the update enters the running statistics.
        is_frozen: whether it normalises by its running statistics in training too.
    """

    is_frozen: bool = False
    momentum: float | None
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    group_sums: Tensor
    ghost_batch_size: int
    taken: Taken

    def begin_groups(self, ghost_batch_size: int, taken: Taken) -> None:
        """Begin to normalise in groups; the module has all else of a batch norm."""
        self.ghost_batch_size = check_ghost_batch_size(ghost_batch_size)
        parameters = [*self.parameters(recurse=False), *self.buffers(recurse=False)]
        device = parameters[0].device if parameters else torch.get_default_device()
        sums = torch.zeros(3, self.num_features, dtype=sum_dtype(device), device=device)
        self.register_buffer("group_sums", sums, persistent=False)
        self._follow(taken)

    def _follow(self, taken: Taken) -> None:
        self.taken = taken
        if taken is Taken.AT_STEP:
            at_step.follow(self)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Normalise [N, C, …], any floating dtype and memory format, to the same shape."""
        if not self.training:
            return super().forward(input)
        self._check_input_dim(input)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        if input.shape[1] != self.num_features:
            raise ValueError(f"expected {self.num_features} channels, got {input.shape[1]}")
        counts = self.tracks and not is_recomputing()
        sums = self.group_sums if counts else None
        return normalise_groups(
            input, self.weight, self.bias, self.ghost_batch_size, self.eps, sums
        )

    @property
    def tracks(self) -> bool:
        """Whether there are running statistics to be brought up."""
        return self.track_running_stats and self.running_mean is not None

    @property
    def awaits_step(self) -> bool:
        """Whether the update is to be taken after the next step of an optimizer."""
        return self.taken is Taken.AT_STEP and self.training and self.tracks

    def train(self, mode: bool = True) -> Self:
        """Begin or end training; what is still to be taken at a step is taken before evaluation.

        Raises:
            InputError: evaluation begins, and ``take_update`` was not called for the last groups.
        """
        if self.training and not mode:
            self.close_update()
        return super().train(mode and not self.is_frozen)

    def freeze(self) -> None:
        """Normalise by the running statistics from now on, which stay; none without them."""
        if self.tracks:
            self.is_frozen = True
            self.eval()

    def close_update(self) -> None:
        """Take what no step has taken.

        Raises:
            InputError: it is the caller's to take it.
        """
        if self.awaits_step:
            take_each([self], None)
        elif self.taken is Taken.BY_CALLER:
            self.check_closed()

    def check_closed(self) -> None:
        """Check that no groups wait to be taken; waits for the device.

        Raises:
            InputError: some do.
        """
        if not self.group_sums.is_meta and (left := int(self.group_sums[2, 0])):
            raise InputError(
                f"batch norm: the running statistics lack {left} samples that were trained on, "
                "as their update was not taken",
                hint="call take_update() of bsgrow.RunningStatistics(model) after each "
                "optimizer.step(), or drop_update() to leave them out",
            )

    def drop_groups(self) -> None:
        """Forget the groups of the update under way."""
        self.group_sums.zero_()

    def reset_running_stats(self) -> None:
        """Begin anew, without groups."""
        super().reset_running_stats()
        if "group_sums" in self._buffers:
            self.drop_groups()

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        if self.awaits_step:
            self.close_update()
        super()._save_to_state_dict(destination, prefix, keep_vars)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self.drop_groups()

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move or cast; the sums keep their dtype, and there are none on one without memory."""
        sums = self.group_sums
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        device = self.group_sums.device
        kept = torch.zeros_like(sums, device=device) if sums.is_meta else sums
        self.group_sums = kept.to(device, sum_dtype(device))
        return self

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self._follow(self.taken)

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows inside the parentheses."""
        norm: str = super().extra_repr()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return f"{norm}, ghost_batch_size={self.ghost_batch_size}"


class GhostBatchNorm1d(GhostBatchNorm, nn.BatchNorm1d):
    """``GhostBatchNorm`` of [N, C] or [N, C, L]; made by ``convert_batch_norm``."""


class GhostBatchNorm3d(GhostBatchNorm, nn.BatchNorm3d):
    """``GhostBatchNorm`` of [N, C, D, H, W]; made by ``convert_batch_norm``."""


class GhostSyncBatchNorm(GhostBatchNorm, nn.SyncBatchNorm):
    """``GhostBatchNorm`` of [N, C, …] in place of ``SyncBatchNorm``; groups lie in one process."""


class GhostBatchNorm2d(GhostBatchNorm, nn.BatchNorm2d):
    """``GhostBatchNorm`` of [N, C, H, W], whose updates are taken by its owner.

    Args:
        num_features: channels C.
        ghost_batch_size: samples per group, at least 1.
        eps: added to the variance.
        momentum: weight of a new group in the running statistics (torch's convention).

    Raises:
        InputError: if ``ghost_batch_size`` is no number of samples.
    """

    def __init__(
        self, num_features: int, ghost_batch_size: int, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:
        super().__init__(num_features, eps=eps, momentum=momentum)
        self.begin_groups(ghost_batch_size, Taken.BY_OWNER)


@checked_class()
class RunningStatistics:
    """The running statistics of a model's ghost batch norms, brought up once an update.

    All groups of an update were made by the same weights, so each of its samples counts alike:

        running ← (1 − m)^(B/g) · running + (1 − (1 − m)^(B/g)) · Σ n·statistic / Σ n

    with momentum m, the update's B samples in groups of g, and a group's n samples. The exponent is
    that of Hoffer et al. 2017 (arXiv 1705.08741, Algorithm 1), in which B/g groups make as many
    steps, so that a larger batch forgets as much a sample; there a later group of the same weights
    counts for more. The sum does not depend on how the groups lie in micro-batches and processes,
    nor on their order, but for rounding. At B = g it is the usual rule. With ``momentum=None`` the
    share that stays is T/(T + B/g rounded up), where T groups were tracked before.

    Norms that ``convert_batch_norm`` made take an update by themselves after each optimizer step.
    Whoever makes a ``RunningStatistics`` of them does it from then on: call ``take_update`` once
    an update. Where that is forgotten, ``model.eval()`` raises ``InputError``.

    Args:
        model: whose norms they are; it may have none.
    """

    def __init__(self, model: nn.Module) -> None:
        norms = (each for each in model.modules() if isinstance(each, GhostBatchNorm))
        self._norms = [each for each in norms if each.tracks]
        for norm in self._norms:
            if norm.taken is Taken.AT_STEP:
                norm.taken = Taken.BY_CALLER

    @property
    def sums(self) -> list[Tensor]:
        """What the groups of the update under way add up to, float64 [3, C] of each norm.

        Added up in place over all processes, they are those of one process that has all samples.
        """
        return [norm.group_sums for norm in self._norms]

    def take_update(self, num_samples: int | None = None, num_steps: float | None = None) -> None:
        """Bring the running statistics up to an update; waits for nothing.

        Args:
            num_samples: of the update, on all processes; None for as many as the norms have seen.
            num_steps: exponent of 1 − m, in place of B/g: 1 for the momentum once an update.
        """
        take_each(self._norms, num_samples, num_steps)

    def drop_update(self) -> None:
        """Forget the groups of the update under way."""
        for norm in self._norms:
            norm.drop_groups()

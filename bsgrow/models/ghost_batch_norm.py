"""Batch normalisation whose statistics do not depend on the batch size."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from bsgrow.errors import InputError


class GhostBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over consecutive groups of ``ghost_batch_size`` samples.

    In training each group is normalised by its own mean and variance (Hoffer et al. 2017, arXiv
    1705.08741, Algorithm 1), and these are summed in ``group_sums``, weighted with the samples of
    the group. The running statistics stay as they are until ``take_update``; an update that is
    given up is forgotten by ``drop_update``. The last group may be short; one with a single value
    per channel has no variance, so it comes out as the bias and counts for nothing. In evaluation
    this is ``nn.BatchNorm2d``, whose ``state_dict`` names it keeps; ``num_batches_tracked`` counts
    groups.

    Args:
        num_features: channels C of an input of shape [N, C, H, W].
        ghost_batch_size: samples per group, at least 1.
        eps: added to the variance.
        momentum: weight of a new group in the running statistics (torch's convention).

    Attributes:
        group_sums: float64 [3, C]: the sum over the groups of the update under way, each times its
            number of samples, of mean, variance (unbiased) and one. Sums of several processes add.
        group_statistics: float [3, C]: mean, variance and one of the latest groups.

    Raises:
        InputError: if ``ghost_batch_size`` is below 1.
    """

    momentum: float
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    group_sums: Tensor
    group_statistics: Tensor

    def __init__(
        self, num_features: int, ghost_batch_size: int, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:
        if ghost_batch_size < 1:
            raise InputError(
                f"ghost_batch_size = {ghost_batch_size} is not a number of samples, 1 or more",
                hint="the usual value is the batch size that the schedule starts from, e.g. 128",
            )
        super().__init__(num_features, eps=eps, momentum=momentum)
        self.ghost_batch_size = ghost_batch_size
        sums = torch.zeros(3, num_features, dtype=torch.float64)
        self.register_buffer("group_sums", sums, persistent=False)
        latest = torch.ones(3, num_features)
        self.register_buffer("group_statistics", latest, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Normalise [N, C, H, W], any floating dtype and memory format, to the same shape."""
        self._check_input_dim(images)
        if not self.training:
            statistics = (self.running_mean, self.running_var)
            return batch_norm(images, *statistics, self.weight, self.bias, eps=self.eps)
        # A kernel per group beats one over a [n, groups * C] view, which has to copy its input,
        # on all but the smallest images.
        outputs = self._normalised(torch.split(images, self.ghost_batch_size))
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)

    def _normalised(self, groups: Sequence[Tensor]) -> list[Tensor]:
        """Return groups, each normalised, and add their statistics to those of the update."""
        mean, var, _ = self.group_statistics
        weight, bias, eps = self.weight, self.bias, self.eps
        outputs: list[Tensor] = []
        num_samples = 0
        for group in groups:
            if group.numel() > self.num_features:
                num_samples += len(group)
                # With this momentum, 1 for the first, the kernel leaves the mean of the groups.
                momentum = len(group) / num_samples
                outputs.append(batch_norm(group, mean, var, weight, bias, True, momentum, eps))
            else:
                outputs.append(self._without_variance(group))
        if num_samples:
            self.group_sums.add_(self.group_statistics, alpha=num_samples)
        return outputs

    def _without_variance(self, group: Tensor) -> Tensor:
        # One value less its own mean is 0; torch refuses, as its unbiased variance would be 0/0.
        weight, bias = self.weight.view(-1, 1, 1), self.bias.view(-1, 1, 1)
        return torch.addcmul(bias, group - group, weight).to(group.dtype)

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows inside the parentheses."""
        norm = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        return f"{norm}, ghost_batch_size={self.ghost_batch_size}"


class RunningStatistics:
    """The running statistics of a model's ghost batch norms, brought up once an update.

    All groups of an update were made by the same weights, so each of its samples counts alike:

        running ← (1 − m)^(B/g) · running + (1 − (1 − m)^(B/g)) · Σ n·statistic / Σ n

    with momentum m, the update's B samples in groups of g, and a group's n samples. The exponent is
    that of Hoffer et al. 2017 (arXiv 1705.08741, Algorithm 1), in which B/g groups make as many
    steps, so that a larger batch forgets as much a sample; there a later group of the same weights
    counts for more. The sum does not depend on how the groups lie in micro-batches and processes,
    nor on their order, but for rounding. At B = g it is the usual rule.

    Args:
        model: whose norms they are; it may have none.
    """

    def __init__(self, model: nn.Module) -> None:
        self._norms = [each for each in model.modules() if isinstance(each, GhostBatchNorm2d)]
        alike = defaultdict[tuple[float, int], list[GhostBatchNorm2d]](list)
        for norm in self._norms:
            alike[norm.momentum, norm.ghost_batch_size].append(norm)
        self._alike = list(alike.values())

    @property
    def sums(self) -> list[Tensor]:
        """What the groups of the update under way add up to, float64 [3, C] of each norm."""
        return [norm.group_sums for norm in self._norms]

    @torch.no_grad()
    def take_update(self, num_samples: int) -> None:
        """Bring the running statistics up to an update; waits for nothing.

        Args:
            num_samples: of the update, on all processes.
        """
        for norms in self._alike:
            _take(norms, num_samples)
        if self._norms:  # torch refuses an empty list
            torch._foreach_zero_(self.sums)

    def drop_update(self) -> None:
        """Forget the groups of the update under way."""
        for norm in self._norms:
            norm.group_sums.zero_()
            norm.group_statistics.fill_(1.0)  # what is not a number would stay


def _take(norms: Sequence[GhostBatchNorm2d], num_samples: int) -> None:
    """Do what ``take_update`` says for norms that are alike, in few kernels."""
    momentum, ghost_batch_size = norms[0].momentum, norms[0].ghost_batch_size
    kept = (1 - momentum) ** (num_samples / ghost_batch_size)
    statistics = [each.running_mean for each in norms] + [each.running_var for each in norms]
    running = torch.cat(statistics).view(2, -1)
    sums = torch.cat([each.group_sums for each in norms], dim=1)
    has_group = sums[2] > 0
    means = (sums[:2] / sums[2]).to(running.dtype)
    taken = torch.where(has_group, torch.lerp(means, running, kept), running).flatten()
    sizes = [each.numel() for each in statistics]
    for statistic, value in zip(statistics, torch.split(taken, sizes), strict=True):
        statistic.copy_(value)
    num_groups = -(-num_samples // ghost_batch_size)
    firsts = accumulate(sizes[: len(norms) - 1], initial=0)
    for norm, first in zip(norms, firsts, strict=True):
        norm.num_batches_tracked.add_(has_group[first], alpha=num_groups)

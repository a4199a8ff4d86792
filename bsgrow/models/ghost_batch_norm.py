"""Batch normalisation whose statistics do not depend on the batch size."""

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from bsgrow.errors import InputError


class GhostBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over consecutive groups of ``ghost_batch_size`` samples.

    In training each group is normalised by its own mean and variance and then updates the running
    statistics, in order, so a batch and the same batch cut into micro-batches of whole groups give
    the same outputs and running statistics (Hoffer et al. 2017, arXiv 1705.08741, Algorithm 1).
    The last group may be short; one with a single value per channel has no variance, so it comes
    out as the bias and leaves the running statistics alone. In evaluation this is
    ``nn.BatchNorm2d``, whose ``state_dict`` names it keeps; ``num_batches_tracked`` counts groups.

    Args:
        num_features: channels C of an input of shape [N, C, H, W].
        ghost_batch_size: samples per group, at least 1.
        eps: added to the variance.
        momentum: weight of a new group in the running statistics (torch's convention).

    Raises:
        InputError: if ``ghost_batch_size`` is below 1.
    """

    momentum: float
    num_batches_tracked: Tensor

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

    def forward(self, images: Tensor) -> Tensor:
        """Normalise [N, C, H, W], any floating dtype and memory format, to the same shape."""
        self._check_input_dim(images)
        if not self.training:
            return self._batch_norm(images)
        # A kernel per group beats one over a [n, groups * C] view, which has to copy its input,
        # on all but the smallest images.
        groups = torch.split(images, self.ghost_batch_size)
        self.num_batches_tracked.add_(len(groups))
        outputs = [self._normalise(group) for group in groups]
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)

    def _normalise(self, group: Tensor) -> Tensor:
        if group.numel() > self.num_features:
            return self._batch_norm(group)
        # One value less its own mean is 0; torch refuses, as its unbiased variance would be 0/0.
        weight, bias = self.weight.view(-1, 1, 1), self.bias.view(-1, 1, 1)
        return torch.addcmul(bias, group - group, weight).to(group.dtype)

    def _batch_norm(self, images: Tensor) -> Tensor:
        statistics = (self.running_mean, self.running_var)
        affine = (self.weight, self.bias)
        return batch_norm(images, *statistics, *affine, self.training, self.momentum, self.eps)

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows inside the parentheses."""
        norm = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        return f"{norm}, ghost_batch_size={self.ghost_batch_size}"

"""One micro-batch: forward, backward, and the running totals, without waiting for the device."""

from collections.abc import Callable
from math import nan
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from bsgrow.models.sum_dtype import sum_dtype
from bsgrow.training.device import autocast
from bsgrow.training.group.process_group import ALONE, ProcessGroup


class Metrics(NamedTuple):
    """Means over the samples seen, on the host; NaN where there was none.

    Of a sample with several targets, such as tokens or pixels, loss and accuracy are the means over
    them.

    Attributes:
        loss: mean cross-entropy, in nats.
        accuracy: fraction of samples classified right, 0 to 1.
    """

    loss: float
    accuracy: float

    @classmethod
    def of(cls, loss_sum: float, num_correct: float, num_samples: int) -> Self:
        """Return the means that belong to sums over so many samples."""
        if not num_samples:
            return cls(nan, nan)
        return cls(loss_sum / num_samples, num_correct / num_samples)


class Totals:
    """Sums over samples, kept on the device so that adding to them never waits for it.

    Args:
        device: where the sums live.
        loss_sum: cross-entropy summed so far, in nats.
        num_correct: samples classified right so far.
        num_samples: samples seen so far.
    """

    def __init__(
        self,
        device: torch.device,
        loss_sum: float = 0.0,
        num_correct: float = 0.0,
        num_samples: int = 0,
    ) -> None:
        # Filled on the device: what is copied from the host's memory, the host waits for.
        sums = [
            torch.full((), x, dtype=sum_dtype(device), device=device)
            for x in (loss_sum, num_correct)
        ]
        self._sums = torch.stack(sums)
        self.num_samples = num_samples

    @property
    def sums(self) -> Tensor:
        """The sums of loss and number right, float64 [2] on the device; float32 on a Mac's GPU."""
        return self._sums

    def add_update(self, sums: Tensor, num_samples: int) -> None:
        """Add the sums of an update over all processes, as ``sums`` has them, and its samples."""
        self._sums += sums
        self.num_samples += num_samples

    def add(self, loss_sum: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Add a micro-batch: its summed loss [], logits and labels as ``summed_loss`` has them."""
        targets = labels.argmax(dim=1) if labels.is_floating_point() else labels
        dtype = self._sums.dtype
        num_correct = _over_samples((logits.argmax(dim=1) == targets).sum().to(dtype), labels)
        self._sums += torch.stack([loss_sum.detach().to(dtype), num_correct])
        self.num_samples += len(labels)

    def read(self) -> tuple[float, float, int]:
        """Return loss_sum, num_correct and num_samples. Waits for the device, once."""
        loss_sum, num_correct = self._sums.tolist()
        return loss_sum, num_correct, self.num_samples

    def mean(self, group: ProcessGroup = ALONE) -> Metrics:
        """Return the means over the samples seen by all processes. Waits for the device, once.

        Raises:
            LostProcessError: another process does not answer.
        """
        loss_sum, num_correct, num_samples = group.sum_numbers(self.read())
        return Metrics.of(loss_sum, num_correct, int(num_samples))


Forward = Callable[[nn.Module, Tensor, Tensor, torch.dtype | None, float], tuple[Tensor, Tensor]]
"""Computes as ``summed_loss`` does, compiled or not."""


def summed_loss(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    autocast_dtype: torch.dtype | None,
    label_smoothing: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Return the cross-entropy summed over a micro-batch [], in nats, and its logits.

    That of a sample is the mean over its targets, however many they are.

    Args:
        model: maps inputs to logits [n, num_classes, ...].
        images: inputs [n, ...] on the model's device: images, floating point [n, C, H, W], or
            others, such as tokens, int64 [n, T].
        labels: int64 [n], or [n, ...] with a target for each place, such as [n, T]; or, of a sample
            of several classes, float32 [n, num_classes] with the share of each.
        autocast_dtype: compute in this dtype where it is safe; None computes as the model is.
        label_smoothing: see ``accumulate``.
    """
    with autocast(images.device, autocast_dtype):
        logits = model(images)
        loss_sum = cross_entropy(logits, labels, reduction="sum", label_smoothing=label_smoothing)
        return _over_samples(loss_sum, labels), logits


def _over_samples(sum_over_targets: Tensor, labels: Tensor) -> Tensor:
    """Return the sum over samples of their means, from that over all targets of all samples."""
    if labels.ndim == 1 or labels.is_floating_point():
        return sum_over_targets
    return sum_over_targets / labels.shape[1:].numel()


def accumulate(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    update_size: int,
    totals: Totals,
    autocast_dtype: torch.dtype | None = None,
    label_smoothing: float = 0.0,
    loss_scale: float = 1.0,
    forward: Forward = summed_loss,
) -> None:
    """Add a micro-batch's share of the update's mean gradient to the parameters' ``grad``.

    The loss is the sum over the micro-batch divided by the size of the whole update, so that over
    the update the gradient is the mean over its samples, however unevenly it was cut.

    Args:
        model: as in ``summed_loss``, with images and labels.
        images: of the micro-batch.
        labels: of the micro-batch.
        update_size: samples of the whole update, n or more.
        totals: takes the loss and the number right of this micro-batch.
        autocast_dtype: compute in this dtype where it is safe; None computes as the model is.
        label_smoothing: share s of each label that is spread evenly over all classes, its own
            included (Szegedy et al. 2015, arXiv 1512.00567, section 7), 0 <= s < 1.
        loss_scale: what the gradient is multiplied by, as ``LossScale`` has it.
        forward: computes loss and logits.
    """
    loss_sum, logits = forward(model, images, labels, autocast_dtype, label_smoothing)
    mean = loss_sum / update_size
    scaled = mean if loss_scale == 1 else mean * loss_scale
    scaled.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    totals.add(loss_sum, logits, labels)

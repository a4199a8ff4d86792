"""Loss and accuracy of a model over held-out samples."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from bsgrow.training.step import Totals, summed_loss


def evaluate(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    autocast_dtype: torch.dtype | None = None,
) -> Totals:
    """Return the sums of loss and number right over all samples. Waits for nothing.

    Args:
        model: maps inputs to logits, see ``summed_loss``; leaves in the mode it came in.
        batches: inputs and labels, where the model is.
        autocast_dtype: as in training.
    """
    device = next(model.parameters()).device
    totals = Totals(device)
    with _evaluation_mode(model), torch.inference_mode():
        for images, labels in batches:
            totals.add(*summed_loss(model, images, labels, autocast_dtype), labels)
    return totals


@contextmanager
def _evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put every module in evaluation mode, and each back as it was, whatever happens."""
    training = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, was_training in training:
            module.training = was_training

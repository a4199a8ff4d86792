"""A run whose loss or weights are no longer numbers: it has failed, wherever that shows."""

import math

import torch
from torch import nn

from bsgrow.errors import BsgrowError


class DivergedRunError(BsgrowError):
    """The loss of a run is not finite, or its weights are not."""


def require_finite_loss(loss: float, of: str, num_updates: int) -> None:
    """Raise DivergedRunError unless a loss is finite.

    Args:
        loss: a mean over samples, in nats.
        of: whose, e.g. "training loss".
        num_updates: updates made until it was measured.
    """
    if not math.isfinite(loss):
        raise diverged(f"the {of} is {loss}", num_updates)


def require_finite_weights(model: nn.Module, num_updates: int) -> None:
    """Raise DivergedRunError unless every parameter and buffer is finite. Waits for the device.

    A statistic of batch normalisation that has overflowed hides all before it: the loss stays
    finite. A buffer may hold -inf, as the causal mask of an attention does.
    """
    state = {name: x for name, x in model.state_dict().items() if x.is_floating_point()}
    learned = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    masked = {name: x if name in learned else x.clamp(min=-1) for name, x in state.items()}
    finite = torch.stack([x.isfinite().all() for x in masked.values()]).tolist()
    wrong = [name for name, is_finite in zip(state, finite, strict=True) if not is_finite]
    if wrong:
        raise diverged(f"{len(wrong)} of its tensors, as {wrong[0]}, are not finite", num_updates)


def diverged(what: str, num_updates: int) -> DivergedRunError:
    """Return the error of a run in which something was not finite at an update."""
    return DivergedRunError(
        f"training diverged: {what} after update {num_updates}",
        hint="lower schedule.lr or growth.lr_scale",
    )

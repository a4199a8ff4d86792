"""An exponential moving average of a model's weights, kept beside them as they are trained."""

from collections.abc import Iterator
from copy import deepcopy
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bsgrow.errors import InputError
from bsgrow.models.conversion import restore_batch_norm
from bsgrow.schedule.rescaling import rescaled_decay
from bsgrow.training.memory import is_out_of_memory
from bsgrow.user_code.errors import first_line


class _Place(NamedTuple):
    """A tensor of a module and of its twin."""

    twin: nn.Module
    model: nn.Module
    name: str


class Averaged:
    """A model whose weights are the average of another's over the updates made.

    It begins as a copy: at any moment it is the mean of the weights that training began with and
    those after each update, each weighing less by the decay for every update since. All that a
    checkpoint has of a model and that is no integer is averaged, as by timm: the running statistics
    of batch norms too, which belong to the weights that they were taken with.

    A module of its own, as another thread may write a checkpoint while it is evaluated.

    Args:
        model: on its device, before it is trained or takes hooks; not changed.
        decay: of the average, in an update of the reference batch size.
        reference_batch_size: samples of such an update; None where one of any size is one.

    Raises:
        InputError: the model cannot be copied.

    Attributes:
        module: in evaluation mode; its ghost batch norms are what torch has.
    """

    def __init__(self, model: nn.Module, decay: float, reference_batch_size: int | None) -> None:
        self.module = restore_batch_norm(_copy(model, decay)).eval()
        self._decay, self._reference_batch_size = decay, reference_batch_size
        self._averaged, self._copied = list[_Place](), list[_Place]()
        for place, is_averaged in _places(model, self.module):
            (self._averaged if is_averaged else self._copied).append(place)

    @torch.no_grad()
    def take(self, num_samples: int, refused: Tensor | None = None) -> None:
        """Add the weights that an update has left; waits for nothing.

        Args:
            num_samples: of the update, on all processes.
            refused: float [] on the device, 1 where the update was not applied, so that the average
                stays as it was; None where it was applied.
        """
        decay = rescaled_decay(
            self._decay, num_samples / (self._reference_batch_size or num_samples)
        )
        _move(*_pairs(self._averaged), 1 - decay, refused)
        if self._copied:
            torch._foreach_copy_(*_pairs(self._copied))


def _move(own: list[Tensor], latest: list[Tensor], share: float, refused: Tensor | None) -> None:
    """Take tensors a share of the way to others, in few kernels; none of it where refused."""
    if refused is None:
        torch._foreach_lerp_(own, latest, share)
        return
    steps = torch._foreach_sub(latest, own)
    torch._foreach_mul_(steps, share * (1 - refused))
    torch._foreach_add_(own, steps)


def _places(model: nn.Module, twin: nn.Module) -> Iterator[tuple[_Place, bool]]:
    """Yield where each tensor that a checkpoint has lies, once, and whether it is averaged."""
    kept = twin.state_dict().keys()
    for path, tensor in chain(twin.named_parameters(), twin.named_buffers()):
        if path in kept:
            prefix, _, name = path.rpartition(".")
            place = _Place(twin.get_submodule(prefix), model.get_submodule(prefix), name)
            yield place, tensor.is_floating_point() or tensor.is_complex()


def _pairs(places: list[_Place]) -> tuple[list[Tensor], list[Tensor]]:
    """Return the tensors of both; by name, as a module may put another in a buffer's place."""
    own = [getattr(place.twin, place.name) for place in places]
    return own, [getattr(place.model, place.name) for place in places]


def _copy(model: nn.Module, decay: float) -> nn.Module:
    try:
        return deepcopy(model)
    except Exception as error:  # whatever a module of the user has to say
        if is_out_of_memory(error):
            raise
        reason = first_line(error) or type(error).__name__
        raise InputError(
            f"optimizer.ema_decay = {decay}: the model cannot be copied: {reason}",
            hint="leave optimizer.ema_decay out, or give the model a __deepcopy__ of its own",
        ) from error

"""``model.gradient_checkpointing``: less memory for activations, for a second forward pass."""

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor, nn

from bsgrow.errors import InputError
from bsgrow.models.recomputing import recompute_blocks
from bsgrow.user_code.errors import first_line, telling_users_errors

KEY: Final = "model.gradient_checkpointing = true"

_WAYS: Final[dict[str, dict[str, Any]]] = {
    "set_grad_checkpointing": {"enable": True},  # of timm
    "gradient_checkpointing_enable": {  # of transformers
        "gradient_checkpointing_kwargs": {"use_reentrant": False}
    },
}


def checkpoint_gradients(model: nn.Module, what: str) -> None:
    """Let the backward pass compute the blocks of a model again.

    A model's own method decides which these are, as timm's and transformers' have it; else they are
    its ``Block``s.

    Args:
        model: as it is built; changed in place.
        what: it is, as a message begins, such as ``model.name = "…"``.

    Raises:
        InputError: it has neither, or its method says that it cannot.
        UserCodeError: its method raised another error.
    """
    methods = [getattr(model, name, None) for name in _WAYS]
    for method, arguments in zip(methods, _WAYS.values(), strict=True):
        if callable(method):
            _call(method, arguments, what)
            return
    if not recompute_blocks(model):
        raise InputError(
            f"{KEY}: {what} has no method {' or '.join(_WAYS)}",
            hint="leave it out, or give the model def set_grad_checkpointing(self, enable), after "
            "which it calls its blocks by torch.utils.checkpoint; a smaller "
            "run.micro_batch_size takes less memory too",
        )


def _call(method: Callable[..., object], arguments: dict[str, Any], what: str) -> None:
    with telling_users_errors(f"{KEY}: {what}"):
        try:
            method(**arguments)
        except (AssertionError, NotImplementedError, ValueError) as error:
            raise InputError(
                f"{KEY}: {what} refuses it: {first_line(error) or type(error).__name__}",
                hint="leave it out; a smaller run.micro_batch_size takes less memory too",
            ) from error


def check_recomputes_alike(model: nn.Module, logits: Tensor, what: str) -> None:
    """Check that a backward pass leaves the buffers of a model as its forward pass did.

    Args:
        model: whose they are; without gradients afterwards.
        logits: what it made of a few samples just now, in training.
        what: it is, as in ``checkpoint_gradients``.

    Raises:
        InputError: it does not.
    """
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    torch.autograd.backward(logits.sum())
    model.zero_grad(set_to_none=True)
    for name, buffer in model.named_buffers():
        if not torch.equal(buffer, before[name]):
            raise InputError(
                f"{KEY}: {what}: what is computed again counts twice in its buffer {name!r}",
                hint="leave it out, or change the buffer outside of what is computed again",
            )

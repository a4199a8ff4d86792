"""A model that a function of the user builds, tried before it is trained."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from bsgrow.data.sample_form import SampleForm
from bsgrow.errors import InputError
from bsgrow.models.conversion import convert_batch_norm
from bsgrow.models.gradient_checkpointing import check_recomputes_alike, checkpoint_gradients
from bsgrow.text.printable import shown
from bsgrow.user_code.calling import call_user_code
from bsgrow.user_code.errors import UserCodeError, telling_users_errors
from bsgrow.user_code.loading import load_function

_NUM_TRIED = 2  # samples: batch normalisation takes no single value
_INTEGERS = (
    "its inputs are int64, as whole numbers of the data are, and all are 0 here; floats and uint8 "
    "of the data come as float32"
)
_GIVEN_TO_ANY = frozenset({"num_classes"})


def build_user_model(
    name: str,
    arguments: Mapping[str, Any],
    *,
    in_channels: int,
    num_classes: int,
    ghost_batch_size: int,
    form: SampleForm | None = None,
    gradient_checkpointing: bool = False,
) -> nn.Module:
    """Call a function of the user, and check that it returns a model of inputs to logits.

    ``num_classes`` and ``in_channels`` are given where the function names them, and
    ``num_classes`` also where it takes any argument, by ``**kwargs``, as those of timm and
    torchvision do; an argument of the recipe is taken in their place. Batch normalisations become
    ghost ones, see ``convert_batch_norm``.

    Args:
        name: ``package.module:function``.
        arguments: those of the recipe.
        in_channels: of the images; the first length of other inputs, if they are no integers.
        num_classes: of the data.
        ghost_batch_size: samples that a batch normalisation is to normalise together.
        form: of samples that it is tried with, in training and evaluation; None tries none.
        gradient_checkpointing: whether its blocks are computed again in the backward pass.

    Raises:
        InputError: it takes other arguments, or what it returns is no such model, or has a batch
            normalisation that cannot be converted; or it cannot compute its blocks again.
        UserCodeError: it raised an error, or the model did.
    """
    what = f"model.name = {shown(name)}"
    offered = {"num_classes": num_classes}
    if form is None or not form.is_integer:
        offered["in_channels"] = in_channels
    model = _called(name, arguments, offered, what)
    if form is not None and any(map(is_lazy, [*model.parameters(), *model.buffers()])):
        _try(model.eval(), form, num_classes, what)  # from then on it knows its channels
    model = _with_ghost_norms(model, ghost_batch_size, what)
    _check_parameters(model, what)
    if gradient_checkpointing:
        checkpoint_gradients(model, what)
    if form is not None:
        for training in (True, False):
            _try(model.train(training), form, num_classes, what, gradient_checkpointing)
    return model.train()


def _called(
    name: str, arguments: Mapping[str, Any], offered: Mapping[str, int], what: str
) -> nn.Module:
    """Return what the user's function returns, which must be a model."""
    if isinstance(load_function(name, "model.name"), nn.Module):
        raise InputError(
            f"{what}: is a model, where what builds one is needed, so that the seed decides its "
            "first weights",
            hint="name a function that returns the model",
        )
    model = call_user_code(name, "model", arguments, offered, _GIVEN_TO_ANY)
    if not isinstance(model, nn.Module):
        raise InputError(
            f"{what}: returned {_kind(model)}, where a torch.nn.Module is needed",
            hint="return the model that maps images [N, C, H, W] to logits [N, num_classes], or "
            "tokens [N, T] to [N, num_classes, T]",
        )
    return model


def _with_ghost_norms(model: nn.Module, ghost_batch_size: int, what: str) -> nn.Module:
    """The model, each of whose batch normalisations is over ghost batches."""
    try:
        return convert_batch_norm(model, ghost_batch_size)
    except InputError as error:
        raise InputError(f"{what}: {error.message}", error.hint) from error


def _try(
    model: nn.Module, form: SampleForm, num_classes: int, what: str, recomputes: bool = False
) -> None:
    """Check what a model makes of inputs, and where it recomputes, how; it stays as it is."""
    mode = "training" if model.training else "evaluation"
    device = next((each.device for each in model.parameters()), torch.device("cpu"))
    dtype = torch.int64 if form.is_integer else torch.float32
    inputs = torch.zeros(_NUM_TRIED, *form.shape, dtype=dtype, device=device)
    kind = "images" if form.is_image else "int64" if form.is_integer else "float32"
    given = f"{kind} {list(inputs.shape)} in {mode}"
    with (
        _keeping_buffers(model),
        _naming_dtype(model, form),
        telling_users_errors(f"{what}, given {given}"),
        torch.set_grad_enabled(model.training),
    ):
        logits = model(inputs)
        if recomputes and model.training and _is_differentiable(logits):
            check_recomputes_alike(model, logits, what)
    _check_shape(logits, form, num_classes, what, given)
    if model.training and not logits.requires_grad:
        raise InputError(
            f"{what}: what it makes of {given} has no gradient, so that nothing can be trained",
            hint="leave out detach(), torch.no_grad() and argmax() between parameters and logits",
        )


def _check_shape(logits: object, form: SampleForm, num_classes: int, what: str, given: str) -> None:
    shape = form.logits_shape(_NUM_TRIED, num_classes)
    wanted = f"logits {list(shape)} are needed, one for each class of the data"
    wanted += " and each target of a label" if form.label_shape else ""
    made = list(logits.shape) if _is_floating(logits) else _kind(logits)
    if made != list(shape):
        raise InputError(f"{what}: made {made} of {given}, where {wanted}", _hint(logits, shape))


def _is_differentiable(logits: object) -> TypeGuard[Tensor]:
    return isinstance(logits, Tensor) and logits.requires_grad


def _is_floating(logits: object) -> TypeGuard[Tensor]:
    return isinstance(logits, Tensor) and logits.is_floating_point()


def _hint(logits: object, shape: tuple[int, ...]) -> str:
    if isinstance(logits, Tensor) and len(shape) > 2:
        if [*logits.shape] == [shape[0], *shape[2:], shape[1]]:
            return "classes come second: return logits.movedim(-1, 1)"
        return "the model returns one tensor, of a logit for each class at each place of a label"
    if isinstance(logits, Tensor) and logits.ndim == 2:
        return (
            "a function that has an argument num_classes is given it, where [model] says no other; "
            "one that has it under another name needs it in [model]"
        )
    return "the model returns one tensor, of a row of logits for each sample"


@contextmanager
def _keeping_buffers(model: nn.Module) -> Iterator[None]:
    """Put buffers back that a forward pass in training moves, such as running statistics."""
    before = [(each, each.clone()) for each in model.buffers() if not is_lazy(each)]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in before:
                buffer.copy_(value)


@contextmanager
def _naming_dtype(model: nn.Module, form: SampleForm) -> Iterator[None]:
    """Say what to do where a model fails that may not be for inputs of this dtype."""
    try:
        yield
    except UserCodeError as error:
        if form.is_integer:
            raise UserCodeError(error.message, hint=_INTEGERS) from error
        others = {each.dtype for each in model.parameters()} - {torch.float32}
        if not others:
            raise
        names = ", ".join(sorted(str(each).removeprefix("torch.") for each in others))
        raise UserCodeError(
            error.message,
            hint=f"it has parameters of {names}, and inputs are float32: return "
            "model.float(); on a CUDA device autocast computes in bfloat16",
        ) from error


def _check_parameters(model: nn.Module, what: str) -> None:
    if not any(each.requires_grad for each in model.parameters()):
        raise InputError(
            f"{what}: the model has no parameter to train",
            hint="not all of its parameters may be frozen",
        )
    if any(each.is_meta for each in chain(model.parameters(), model.buffers())):
        raise InputError(
            f"{what}: the model has parameters on the meta device, which hold no values",
            hint="return it with its weights: model.to_empty(device='cpu'), and initialise them",
        )


def _kind(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of {str(value.dtype).removeprefix('torch.')}"
    kind = type(value)
    return "None" if value is None else f"an object of {kind.__module__}.{kind.__qualname__}"

"""Weights from elsewhere matched with a model by their names; what does not fit is listed.

bsgrow's ResNet-50 has the names of torchvision and timm, its Inception-ResNet-v2 those of timm;
ghost batch norms have those of the batch norms that they stand for.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bsgrow.errors import InputError
from bsgrow.models.head import head_of
from bsgrow.text.printable import cut

_COMPILED, _PARALLEL = "_orig_mod", "module."
_COUNTER = "num_batches_tracked"  # which files from before torch 0.4.1 lack
_MOST_LISTED = 30


@dataclass(frozen=True)
class Fitted:
    """Weights that fit a model.

    Attributes:
        state: every tensor of the model's ``state_dict``, the head's own where that is new.
        new_head: what is said of a head that is made new; empty where it was taken.
    """

    state: Mapping[str, Tensor]
    new_head: str = ""


def fit_weights(model: nn.Module, weights: Mapping[str, Tensor], num_classes: int) -> Fitted:
    """Match weights with a model by name, shape and kind.

    Names as ``DistributedDataParallel`` (``module.``) and ``torch.compile`` (``_orig_mod.``) make
    them are understood. A head of another number of classes, or none at all, leaves the model's
    own, new one.

    Args:
        model: as it is built, on any device.
        weights: tensors by name.
        num_classes: of the data, by which the head is found.

    Raises:
        InputError: something is missing, of another shape or kind, not finite, or has no place.
    """
    ours = model.state_dict()
    theirs = _plain_names(weights, ours)
    head = head_of(model, num_classes)
    of_head = [name for name in ours if head and name.startswith(f"{head.name}.")]
    new_head = _why_new(of_head, ours, theirs)
    if new_head:
        theirs = {name: each for name, each in theirs.items() if name not in of_head}
    kept = {
        name
        for name in ours
        if name not in theirs and ((new_head and name in of_head) or name.endswith(_COUNTER))
    }
    _require_fit(ours, theirs, kept)
    state = {name: ours[name] if name in kept else theirs[name] for name in ours}
    return Fitted(state, f"{head.name}: {new_head}" if head and new_head else "")


def _plain_names(weights: Mapping[str, Tensor], ours: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights by the names that the model inside wrappers has."""
    names = {name: _without_compiled(name) for name in weights}
    while names and all(name.startswith(_PARALLEL) for name in names.values()):
        if all(name.startswith(_PARALLEL) for name in ours):
            break
        names = {name: plain.removeprefix(_PARALLEL) for name, plain in names.items()}
    if len({*names.values()}) < len(names):  # two would be one
        return dict(weights)
    return {plain: weights[name] for name, plain in names.items()}


def _without_compiled(name: str) -> str:
    return ".".join(part for part in name.split(".") if part != _COMPILED)


def _why_new(head: Iterable[str], ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> str:
    """Return why the head has to be new; empty where it is taken, or where that is a mistake."""
    found = [name for name in head if name in theirs]
    if not found:
        return "the file has none" if head else ""
    fits = all(theirs[name].shape == ours[name].shape for name in found)
    rows = {len(theirs[name]) for name in found if theirs[name].ndim}
    width = all(theirs[name].shape[1:] == ours[name].shape[1:] for name in found)
    if fits or not width or len(rows) != 1:
        return ""
    return f"the file has it for {rows.pop()} classes"


def _require_fit(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor], kept: set[str]) -> None:
    problems = {
        "missing in it": [name for name in ours if name not in theirs and name not in kept],
        "not in the model": [cut(name) for name in theirs if name not in ours],
        "of another shape or kind": list(_unlike(ours, theirs)),
        "not finite": [cut(n) for n, each in theirs.items() if not _is_finite(each)],
    }
    lines = [_line(kind, names) for kind, names in problems.items() if names]
    if lines:
        raise InputError("does not fit the model:\n" + "\n".join(lines), _hint(ours, theirs))


def _unlike(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> Iterator[str]:
    for name in ours.keys() & theirs.keys():
        a, b = ours[name], theirs[name]
        if a.shape != b.shape:
            yield f"{name} {list(b.shape)} in place of {list(a.shape)}"
        elif a.is_floating_point() != b.is_floating_point() or b.is_complex():
            yield f"{name} {b.dtype} in place of {a.dtype}"


def _is_finite(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())


def _line(kind: str, names: list[str]) -> str:
    listed = ", ".join(sorted(names)[:_MOST_LISTED])
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return f"{kind}, {len(names)}: {listed}{more}"


def _hint(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> str:
    if not ours.keys() & theirs.keys():
        return "no name is alike: it is of another architecture, or its names have a prefix"
    return "only the head may differ; depth, width and channels follow from [model] and the data"

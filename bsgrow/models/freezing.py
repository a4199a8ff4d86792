"""Parameters that stay as they are, chosen by the names that ``state_dict`` gives them."""

from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import accumulate

from torch import nn

from bsgrow.errors import InputError, did_you_mean
from bsgrow.models.ghost_batch_norm import GhostBatchNorm
from bsgrow.text.printable import shown


def freeze(model: nn.Module, patterns: Sequence[str]) -> None:
    """Keep parameters from being trained, and the running statistics of their batch norms.

    A batch norm that a pattern names, or whose own parameters are all frozen, normalises by its
    running statistics in training too, and they stay: it is torchvision's ``FrozenBatchNorm2d``, by
    which timm's ``freeze`` does the same.

    Args:
        model: as it is built; changed in place.
        patterns: globs, see ``matching``.

    Raises:
        InputError: one matches nothing, or no parameter is left to train.
    """
    frozen = {name for pattern in patterns for name in matching(model, pattern, "model.freeze")}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        if name in frozen:
            parameter.requires_grad_(False)
    for name, norm in model.named_modules():
        if isinstance(norm, GhostBatchNorm) and _is_frozen(name, norm, frozen, patterns):
            norm.freeze()
    if frozen and not any(each.requires_grad for each in model.parameters()):
        raise InputError(
            f"model.freeze = {shown(list(patterns))}: leaves no parameter to train",
            hint="leave the last layer out of the patterns",
        )


def matching(model: nn.Module, pattern: str, key: str) -> list[str]:
    """Return the names of the parameters that a glob means, at least one.

    It names a parameter, or a module and so all that is in it; ``*`` stands for any text, dots
    included, as in ``layer1``, ``layer[12]``, ``*.bias``.

    Args:
        model: whose parameters they are.
        pattern: the glob.
        key: of the recipe that has it, for the message.

    Raises:
        InputError: it matches none; the hint has the nearest name.
    """
    names = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    matched = [name for name in names if is_named(name, [pattern])]
    if not matched:
        raise InputError(
            f"{key} = {shown(pattern)}: matches no parameter and no module of the model",
            hint=_nearest(pattern, names),
        )
    return matched


def is_named(name: str, patterns: Iterable[str]) -> bool:
    """Whether a glob matches the name of a parameter or module, or of one that it is in."""
    places = list(accumulate(name.split("."), "{}.{}".format))
    return any(fnmatchcase(place, pattern) for place in places for pattern in patterns)


def _nearest(pattern: str, names: Iterable[str]) -> str:
    """Return a hint with the nearest name, of modules for a pattern that is shorter than any."""
    depth = pattern.count(".") + 1
    cut = {".".join(name.split(".")[:depth]) for name in names}
    nearest = did_you_mean(pattern, cut)
    return nearest if nearest.startswith("did you mean") else did_you_mean(pattern, {*cut, *names})


def _is_frozen(
    name: str, norm: GhostBatchNorm, frozen: Collection[str], patterns: Sequence[str]
) -> bool:
    own = [f"{name}.{each}".lstrip(".") for each, _ in norm.named_parameters(recurse=False)]
    return is_named(name, patterns) or (bool(own) and all(each in frozen for each in own))

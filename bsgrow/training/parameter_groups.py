"""The parameters of a model in groups, each with its own share of lr and weight decay."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from bsgrow.errors import InputError
from bsgrow.models.freezing import matching
from bsgrow.models.head import head_of, require_head
from bsgrow.recipe import OptimizerConfig

_NORMS = (_NormBase, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that an optimizer treats alike.

    Attributes:
        names: of the parameters, in the order of the model.
        lr_scale: their learning rate over that of the plan, as timm calls it.
        decays: whether the weight decay is on them.
        is_hidden: whether they are matrices of hidden layers, where the optimizer asks for that.
    """

    names: tuple[str, ...]
    lr_scale: float = 1.0
    decays: bool = True
    is_hidden: bool = False


def parameter_groups(
    model: nn.Module, config: OptimizerConfig, num_classes: int
) -> list[ParameterGroup]:
    """Return the groups in which the trained parameters of a model are optimized.

    Each is in one, those that are shared by modules too; those that are frozen are in none. A
    recipe that asks for none has one group.

    Args:
        model: as it is built, what is frozen marked by ``requires_grad``.
        config: ``[optimizer]``.
        num_classes: of the data, by which the head is found.

    Raises:
        InputError: a pattern matches nothing, or there is no head.
    """
    exempt = exempt_names(model, config.decay_exempt)
    head = head_names(model, config, num_classes)
    hidden = hidden_names(model, num_classes) if config.name == "muon" else set()
    groups = dict[tuple[float, bool, bool], list[str]]()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            lr_scale = config.head_lr_scale if name in head else 1.0
            kind = (lr_scale, name not in exempt, name in hidden)
            groups.setdefault(kind, []).append(name)
    return [ParameterGroup(tuple(names), *kind) for kind, names in groups.items()]


def exempt_names(model: nn.Module, exempt: Collection[str]) -> set[str]:
    """Return the names of the parameters that have no weight decay; see ``decay_exempt``.

    Raises:
        InputError: a pattern matches nothing.
    """
    kinds = {"bias": _is_bias, "norm": _is_of_norm}
    patterns = [each for each in exempt if each not in kinds]
    names = {name for each in patterns for name in matching(model, each, "optimizer.decay_exempt")}
    names |= {
        f"{prefix}.{name}".lstrip(".")
        for prefix, module in model.named_modules()
        for name, parameter in module.named_parameters(recurse=False)
        if any(kinds[kind](module, name, parameter) for kind in kinds.keys() & set(exempt))
    }
    return names


def head_names(model: nn.Module, config: OptimizerConfig, num_classes: int) -> set[str]:
    """Return the names of the parameters whose lr is scaled as the head's; none at a scale of 1."""
    if config.head_lr_scale == 1.0:
        return set()
    key = f"optimizer.head_lr_scale = {config.head_lr_scale:g}"
    owned = {id(each) for each in require_head(model, num_classes, key).layer.parameters()}
    return {name for name, parameter in model.named_parameters() if id(parameter) in owned}


def hidden_names(model: nn.Module, num_classes: int) -> set[str]:
    """Return the names of the matrices of hidden layers: neither of the head nor of embeddings.

    Raises:
        InputError: there is none to train.
    """
    head = head_of(model, num_classes)
    embeddings = (each for each in model.modules() if isinstance(each, nn.Embedding))
    outer = [*embeddings, *([head.layer] if head else [])]
    others = {id(each) for layer in outer for each in layer.parameters()}
    names = {
        name
        for name, each in model.named_parameters()
        if each.ndim == 2 and each.requires_grad and id(each) not in others
    }
    if not names:
        raise InputError(
            'optimizer.name = "muon": the model has no hidden layer with a matrix to train, which '
            "is all that Muon is for; convolutions, embeddings and the head are AdamW's",
            hint='set optimizer.name = "adamw" and optimizer.momentum = 0',
        )
    return names


def as_torch_takes(
    groups: list[ParameterGroup], model: nn.Module, lr: float
) -> list[dict[str, Any]]:
    """Return the groups as an optimizer of torch takes them, each with what is its own alone."""
    parameters = dict(model.named_parameters())
    return [
        {"params": [parameters[name] for name in group.names], **_own(group, lr)}
        for group in groups
    ]


def _own(group: ParameterGroup, lr: float) -> Mapping[str, object]:
    scaled = {"lr": lr * group.lr_scale, "lr_scale": group.lr_scale}
    return {
        **(scaled if group.lr_scale != 1.0 else {}),
        **({} if group.decays else {"weight_decay": 0.0}),
        **({"is_hidden": True} if group.is_hidden else {}),
    }


def _is_bias(module: nn.Module, name: str, parameter: nn.Parameter) -> bool:
    return name == "bias" or name.endswith("_bias") or name.startswith("bias_")


def _is_of_norm(module: nn.Module, name: str, parameter: nn.Parameter) -> bool:
    """Whether it belongs to a norm; any other vector counts as one's, such as a LayerScale."""
    return isinstance(module, _NORMS) or (
        parameter.ndim < 2 and not _is_bias(module, name, parameter)
    )

"""What the paper says of its own runs (arXiv 1711.00489 v2, sections 5.1 to 5.4)."""

from typing import NamedTuple

from bsgrow.recipe import Recipe


class PaperFigures(NamedTuple):
    """An arm of the paper's.

    Attributes:
        arm: what the paper calls it.
        data: on what, and with which network.
        test_accuracy: as the paper states it; empty where it states none.
        updates: likewise.
    """

    arm: str
    data: str
    test_accuracy: str
    updates: str


_CIFAR = "CIFAR-10, WRN-16-4"
_IMAGENET = "ImageNet, Inception-ResNet-v2"
_COINCIDES = "its curves coincide with decaying"

_ON_CIFAR = {
    "decay": PaperFigures("decaying learning rate", _CIFAR, "94.3 %", "about 80 000"),
    "hybrid": PaperFigures("hybrid", _CIFAR, _COINCIDES, ""),
    "grow": PaperFigures("increasing batch size", _CIFAR, "94.4 %", "about 29 000"),
    "lr": PaperFigures("increased initial learning rate", _CIFAR, "94.5 %", "under 6500"),
    "momentum": PaperFigures("increased momentum coefficient", _CIFAR, "93.3 %", "under 2500"),
}
_ON_IMAGENET = {
    "decay": PaperFigures("decaying learning rate", _IMAGENET, "78.7 and 77.8 %", "about 14 000"),
    "hybrid": PaperFigures("increasing batch size", _IMAGENET, "78.1 and 76.8 %", "under 6000"),
    "momentum": PaperFigures("momentum coefficient 0.975", _IMAGENET, "77 %", "under 2500"),
}


def paper_figures(recipe: Recipe) -> PaperFigures | None:
    """Return what the paper says of the arm that a recipe is; None where it has none such.

    What the arm does decides, not its name. The paper states its figures for momentum; with other
    optimizers it says that the curves coincide.
    """
    kind = _kind(recipe)
    if recipe.optimizer.name != "sgd" or not recipe.optimizer.momentum or kind is None:
        return None
    return (_ON_IMAGENET if recipe.data.name == "imagenet" else _ON_CIFAR).get(kind)


def _kind(recipe: Recipe) -> str | None:
    growth = recipe.growth
    if growth.rule != "linear" or not _decays(recipe):
        return None
    if growth.mode == "decay":
        return "decay" if growth.lr_scale == 1 and growth.momentum is None else None
    raised = growth.momentum is not None and growth.momentum > recipe.optimizer.momentum
    if raised:
        return "momentum" if growth.lr_scale > 1 or recipe.data.name == "imagenet" else None
    if growth.lr_scale != 1:
        return "lr" if growth.lr_scale > 1 and growth.mode == "grow" else None
    return growth.mode


def _decays(recipe: Recipe) -> bool:
    """Whether the learning rate falls by steps, as in all of the paper's runs."""
    return recipe.schedule.curve.get("name") in ("MultiStepLR", "StepLR")

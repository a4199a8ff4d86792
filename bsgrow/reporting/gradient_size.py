"""How many bytes the gradient of a recipe's model has."""

from bsgrow.data import Dataset
from bsgrow.errors import InputError
from bsgrow.models import build_model
from bsgrow.recipe import Recipe
from bsgrow.recipe.data_config import shown_shape
from bsgrow.text.printable import shown
from bsgrow.user_code.names import is_user_code

_BYTES = 4  # float32, in autocast too


def gradient_bytes(recipe: Recipe, dataset: Dataset | None = None) -> int:
    """Return 4 bytes for each parameter; imports torch, and makes no weight.

    Args:
        recipe: whose model it is.
        dataset: its samples, where they were opened.

    Raises:
        InputError: the number of classes or channels is not known without the data, or the model
            is one of the user.
    """
    data = dataset or recipe.data.spec
    if data is None or data.num_classes is None:
        raise InputError(
            f"data.name = {shown(recipe.data.name)}: the size of the gradient follows from the "
            "model and the number of classes, which is not known",
            hint="add gradient=100MB to --all-reduce, or what it is",
        )
    if is_user_code(recipe.model.name):
        raise InputError(
            f"model.name = {shown(recipe.model.name)}: the size of the gradient is known once the "
            "function has run, which a plan does not do",
            hint="add gradient=100MB to --all-reduce, or what it is",
        )
    import torch

    with torch.device("meta"):
        model = build_model(
            recipe.model.name,
            recipe.model.arguments,
            in_channels=shown_shape(data, recipe.images)[0],
            num_classes=data.num_classes,
            ghost_batch_size=recipe.ghost_batch_size,
        )
    return _BYTES * sum(parameter.numel() for parameter in model.parameters())

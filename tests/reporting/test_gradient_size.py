"""Four bytes for each parameter of the model that a recipe names."""

import pytest

from bsgrow.models import build_model
from bsgrow.recipe import load_recipe
from bsgrow.reporting.gradient_size import gradient_bytes


@pytest.mark.parametrize(
    ("name", "settings", "num_parameters"),
    [
        ("imagenet-grow", [], 55_843_464),
        ("imagenet-grow", ["model={name='resnet50'}"], 25_557_032),
        ("digits", [], 77_562),
    ],
)
def test_known_models(name, settings, num_parameters):
    assert gradient_bytes(load_recipe(name, settings)) == 4 * num_parameters


def test_the_model_that_is_trained():
    recipe = load_recipe("cifar10-grow", ["model.width=1", "run.ghost_batch_size=16"])
    given = {"in_channels": 3, "num_classes": 10, "ghost_batch_size": 16}
    model = build_model(recipe.model.name, recipe.model.arguments, **given)
    assert gradient_bytes(recipe) == sum(p.numel() * p.element_size() for p in model.parameters())

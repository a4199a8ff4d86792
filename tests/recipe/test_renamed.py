"""A setting that names another model or curve, which has arguments of its own."""

import pytest

from bsgrow.recipe import load_recipe


@pytest.mark.parametrize("order", [1, -1])
def test_a_model_of_the_user_takes_the_place_of_the_whole_table(order):
    overrides = ["model.name=nowhere:net", "model.width=3"][::order]
    assert load_recipe("digits", overrides).model.arguments == {"width": 3}


@pytest.mark.parametrize(
    ("overrides", "curve"),
    [
        (["schedule.curve.name=ExponentialLR", "schedule.curve.gamma=0.9"],
         {"name": "ExponentialLR", "gamma": 0.9}),
        (["schedule.curve.step_size=9", "schedule.curve.name=StepLR"],
         {"step_size": 9, "name": "StepLR"}),
        (["schedule.curve.name=MultiStepLR", "schedule.curve.gamma=0.5"],
         {"name": "MultiStepLR", "milestones": [16, 28, 40], "gamma": 0.5}),
    ],
)  # fmt: skip
def test_so_does_another_curve(overrides, curve):
    assert load_recipe("digits", overrides).schedule.curve == curve


def test_so_does_another_model_of_ours():
    assert load_recipe("digits", ["model.name=resnet50"]).model.arguments == {}

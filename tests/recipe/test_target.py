import pytest

from bsgrow.errors import InputError
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.recipe.target import target_of
from bsgrow.schedule.export import export_plan

OURS = [
    'model.freeze=["layer1"]',
    'optimizer.decay_exempt=["bias"]',
    "optimizer.ema_decay=0.999",
    "optimizer.head_lr_scale=10",
]


def exported(*overrides):
    constant = 'schedule.curve={name="ConstantLR",factor=1.0}'
    tokens = "schedule.tokens_per_sample=16"
    recipe = load_recipe("digits-decay", [*overrides, constant, tokens])
    target = target_of(recipe, micro_batch_size=1)
    return export_plan(plan_recipe(recipe), "megatron", target)


def test_what_is_of_no_schedule_is_named_in_an_export():
    text = exported(*OURS, "optimizer.weight_decay=0.1", "optimizer.nesterov=false")
    for key in (each.partition("=")[0] for each in OURS):
        assert f"# {key} = " in text
    assert "is on every parameter" not in text


def test_at_the_defaults_nothing_is_named():
    text = exported("optimizer.weight_decay=0.1", "optimizer.nesterov=false")
    assert "is left to you" not in text
    assert "is on every parameter" in text


@pytest.mark.parametrize(("name", "near"), [("lars", "sgd"), ("lamb", "adamw"), ("muon", "sgd")])
def test_an_optimizer_that_no_export_writes_is_refused(name, near):
    momentum = 0.0 if name == "lamb" else 0.9
    with pytest.raises(InputError, match=rf'optimizer\.name = "{name}": is not written') as caught:
        exported(f"optimizer.name={name}", f"optimizer.momentum={momentum}")
    assert f"optimizer.name={near}" in caught.value.hint

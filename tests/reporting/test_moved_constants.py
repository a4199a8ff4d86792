"""What goes with the batch is shown where it moves, with whose rule it is."""

import json

import pytest

from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.reporting.moved_constants import (
    constants_of_phases,
    constants_of_updates,
    notes_on_constants,
)
from bsgrow.reporting.named_plan import NamedPlan
from bsgrow.reporting.plan_views import Views, plan_as_dict
from bsgrow.schedule import plan_from_dict

ADAMW = ("optimizer.name=adamw", "optimizer.momentum=0", "optimizer.weight_decay=0.1")
SQRT = (*ADAMW, "growth.rule=sqrt", "growth.batch_exponent=1.0")  # 16, 64 and 128 samples
EMA = "optimizer.ema_decay=0.99"


def planned(*settings):
    recipe = load_recipe("digits", settings)
    return recipe, plan_recipe(recipe)


def test_adams_constants_and_the_weight_decay_of_each_phase():
    phases = constants_of_phases(*planned(*SQRT, EMA))
    ratios = [1, 4, 8, 8]
    assert [each["beta1"] for each in phases] == pytest.approx([0.9**k for k in ratios])
    assert [each["beta2"] for each in phases] == pytest.approx([0.999**k for k in ratios])
    assert [each["eps"] for each in phases] == pytest.approx([1e-8 / k**0.5 for k in ratios])
    assert [each["weight_decay"] for each in phases] == pytest.approx(
        [0.1 * k**0.5 for k in ratios]
    )
    assert [each["ema_decay"] for each in phases] == pytest.approx([0.99**k for k in ratios])


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ((), []),
        ((EMA,), ["ema_decay"]),
        (ADAMW, []),
        ((*SQRT, "growth.mode=decay"), []),
        ((*SQRT, "growth.rescale=[]", EMA), []),
        ((*SQRT, 'growth.rescale=["weight_decay"]'), ["weight_decay"]),
        ((*SQRT, "optimizer.weight_decay=0"), ["beta1", "beta2", "eps"]),
        ((*SQRT, "optimizer.name=adam"), ["beta1", "beta2", "eps"]),
        (("growth.rule=sqrt",), []),
    ],
)
def test_only_what_moves_has_a_column_and_a_note(settings, names):
    recipe, plan = planned(*settings)
    assert {*map(tuple, constants_of_phases(recipe, plan))} == {tuple(names)}
    assert len(notes_on_constants(recipe, plan)) == bool(names)


def test_the_note_says_whose_rules_they_are():
    (note,) = notes_on_constants(*planned(*SQRT))
    assert "arXiv 2205.10287" in note
    assert "(ours)" in note
    assert "growth.rescale" in note
    assert "2307.13813" not in note
    (note,) = notes_on_constants(*planned(EMA))
    assert "arXiv 2307.13813" in note
    assert "2205.10287" not in note


def test_a_cut_update_has_constants_of_its_own():
    recipe, plan = planned(*SQRT)
    *_, last = constants_of_updates(recipe, plan)
    cut = plan.update(plan.num_updates - 1).global_batch_size
    assert cut == 32
    assert last["beta1"] == pytest.approx(0.9 ** (cut / 16))


def test_a_plan_that_is_printed_with_them_is_read_back():
    recipe, plan = planned(*SQRT)
    value = plan_as_dict(NamedPlan("", recipe, plan), Views())
    assert "beta1" in value["phases"][0]
    written = json.loads(json.dumps(value))
    assert plan_from_dict(written, plan.reference, plan.growth) == plan

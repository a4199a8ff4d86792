"""What each growth rule holds, and that names find them: in recipes, and of an optimizer."""

from typing import get_args, get_type_hints

import pytest

from bsgrow.errors import InputError
from bsgrow.recipe import OptimizerConfig
from bsgrow.schedule import Growth
from bsgrow.schedule.optimizers import OPTIMIZERS
from bsgrow.schedule.rules import RULES


@pytest.mark.parametrize(("name", "exponent", "ratio"), [("linear", 1, 4.0), ("sqrt", 2, 2.0)])
def test_what_is_held(name, exponent, ratio):
    rule = RULES[name]
    assert Growth(rule=name).scaling is rule
    assert (rule.exponent, rule.lr_ratio(4.0)) == (exponent, ratio)
    assert rule.lr_ratio(3.0**rule.exponent) == pytest.approx(3.0)  # B ∝ ε^e, and back


def test_an_unknown_rule_is_refused():
    with pytest.raises(InputError, match=r"growth\.rule = 'lineer': must be one of") as error:
        Growth(rule="lineer")
    assert error.value.hint == 'did you mean "linear"?'


def test_every_optimizer_names_a_rule():
    assert {name: kind.rule for name, kind in OPTIMIZERS.items()} == {
        "sgd": "linear",
        "adam": "sqrt",
        "adamw": "sqrt",
        "nadam": "sqrt",
        "lars": "sqrt",
        "lamb": "sqrt",
        "muon": "sqrt",
    }
    assert all(kind.rule in RULES for kind in OPTIMIZERS.values())


def test_recipes_may_name_whatever_is_registered():
    names = (
        get_type_hints(OptimizerConfig, include_extras=True)["name"],
        get_type_hints(Growth)["rule"],
    )
    assert [get_args(name) for name in names] == [(*OPTIMIZERS,), (*RULES,)]

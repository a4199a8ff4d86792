"""Epochs, unless every plan says how many tokens a sample has."""

import pytest

from bsgrow.reporting.position_axis import position_axis
from bsgrow.schedule import Growth, Reference, compile_plan


def plan_of(num_samples, tokens):
    reference = Reference(2, 0.1, 8, tokens_per_sample=tokens)
    return compile_plan(reference, Growth(), num_samples)


@pytest.mark.parametrize(
    ("num_samples", "label", "end"),
    [
        (50, "tokens", 102_400),
        (10**6, "tokens (billions)", 2.048),
        (10**4, "tokens (millions)", 20.48),
        (10**9, "tokens (trillions)", 2.048),
    ],
)
def test_tokens_in_a_unit_that_fits(num_samples, label, end):
    plan = plan_of(num_samples, 1024)
    axis = position_axis([plan])
    assert axis.label == label
    assert axis.position(plan, 2 * num_samples) == pytest.approx(end)


def test_epochs_where_one_plan_has_no_tokens():
    plans = [plan_of(50, 1024), plan_of(100, None)]
    axis = position_axis(plans)
    assert axis.label == "epochs"
    assert [axis.position(plan, 100) for plan in plans] == [2.0, 1.0]

"""Numbers at the ends of what a float holds: a plan of finite numbers, or refused by name."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.schedule import Growth, Reference, as_dict, compile_plan, notes
from bsgrow.schedule.reference_lr import NO_WAIT, build_reference_lr
from tests.drawn import num_cases

N = 1000
SMALLEST, LARGEST = 5e-324, 1.7976931348623157e308


def cosine_to_0(lr, epochs=2, **growth):
    curve = {"name": "CosineAnnealingLR", "T_max": 1}
    return compile_plan(Reference(epochs, lr, 10, curve=curve), Growth(**growth), N)


@pytest.mark.parametrize("lr", [1e-222, 1e-225, 2.3e-308, SMALLEST])
@pytest.mark.parametrize("growth", [{}, {"rule": "sqrt"}, {"shrink": True}, {"exact": True}])
def test_a_cosine_down_to_0_from_a_small_lr_grows_as_from_any(lr, growth):
    """The peak over the largest decay is 0 there, and nothing may be divided by it."""
    ordinary, small = cosine_to_0(0.1, **growth), cosine_to_0(lr, **growth)
    sizes = [[phase.global_batch_size for phase in plan.phases] for plan in (ordinary, small)]
    if lr > 1e-300:  # below, the lr itself is rounded
        assert sizes[1] == sizes[0]
    assert max(sizes[1]) == N // 10
    json.dumps(as_dict(small), allow_nan=False)
    assert not any("nan" in note or "inf" in note for note in notes(small))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: cosine_to_0(1e308), r"schedule.lr = 1e\+308: .* is beyond any number"),
        (lambda: cosine_to_0(0.1, epochs=1e308), r"schedule.epochs = 1e\+308: of 1000 samp"),
        (lambda: cosine_to_0(0.1, epochs=1e18), r"schedule.epochs = 1e\+18: of 1000 samples each"),
        (lambda: cosine_to_0(0.1, lr_scale=SMALLEST, exact=True), "the first batch would be 0"),
        (lambda: cosine_to_0(0.1, lr_scale=1e300), r"a global batch of 1e\+301, more than"),
        (lambda: cosine_to_0(0.1, momentum=1 - 1e-16), r"a global batch of 9.0072e\+16, more"),
        (lambda: cosine_to_0(0.1, epochs=1e9), "changes more than 1000000 times"),
    ],
)  # fmt: skip
def test_what_no_plan_can_hold_is_refused_by_name(attempt, message):
    with pytest.raises(InputError, match=message):
        attempt()


@pytest.mark.parametrize(
    "curve",
    [
        {"name": "StepLR", "step_size": SMALLEST},
        {"name": "CosineAnnealingLR", "T_max": 1e-150},
        {"name": "CosineAnnealingWarmRestarts", "T_0": 1e-150},
        {"name": "CyclicLR", "base_lr": 0.0, "max_lr": 1.0, "step_size_up": SMALLEST},
        {"name": "LinearWarmup", "total_iters": 1, "shift": False,
         "curve": {"name": "StepLR", "step_size": 1e-200}},
    ],
)  # fmt: skip
def test_a_curve_that_changes_without_end_is_refused_before_it_is_followed(curve):
    reference = Reference(4, 0.1, 10, curve=curve)
    published = build_reference_lr(reference, N, NO_WAIT)
    endless = replace(published.curve, knots=lambda stop: pytest.fail("followed"))
    with pytest.raises(InputError, match="changes more than 1000000 times"):
        list(replace(published, curve=endless).pieces())


def test_restarts_that_begin_next_to_nothing_are_found_at_once():
    curve = {"name": "CosineAnnealingWarmRestarts", "T_0": 1e-225, "T_mult": 2}
    plan = compile_plan(Reference(2, 0.1, 10, curve=curve), Growth(), N)
    assert plan.num_total_samples == 2 * N


def test_a_plan_of_very_many_phases_is_refused(monkeypatch):
    monkeypatch.setattr("bsgrow.schedule.phases._MAX_PHASES", 20)
    with pytest.raises(InputError, match=r"growth.factor = continuous: .* more than 20") as caught:
        cosine_to_0(0.1, factor="continuous")
    assert caught.value.hint == "growth.factor = 2.0 makes fewer"
    assert len(cosine_to_0(0.1, factor=2.0).phases) <= 20


ENDS = st.sampled_from([SMALLEST, 2.3e-308, 1e-225, 1e-150, 1e-16, 1e16, 1e150, 1e300, LARGEST])
number = st.one_of(st.floats(0.01, 4), ENDS)
curves = st.one_of(
    st.builds(dict, name=st.just("CosineAnnealingLR"), T_max=st.floats(0.5, 4), eta_min=number),
    st.builds(dict, name=st.just("ExponentialLR"), gamma=number),
    st.builds(dict, name=st.just("PolynomialLR"), total_iters=number, power=number),
    st.builds(dict, name=st.just("InverseSqrtLR"), warmup=number, timescale=number),
    st.builds(dict, name=st.just("TableLR"), positions=st.just([0, 1]),
              lrs=st.lists(number, min_size=2, max_size=2),
              interpolation=st.sampled_from(["step", "linear"])),
    st.builds(dict, name=st.just("OneCycleLR"), max_lr=number, div_factor=number,
              final_div_factor=number, total_steps=st.just(4)),
    st.builds(dict, name=st.just("CosineAnnealingWarmRestarts"), T_0=st.floats(0.5, 2),
              T_mult=st.sampled_from([1, 2, 2**63])),
)  # fmt: skip


@settings(max_examples=num_cases(60))
@given(
    reference=st.builds(Reference, st.floats(0.1, 4), number, st.just(10),
                        st.sampled_from([0.0, 0.9, 1 - 2**-53]), curves),
    growth=st.builds(Growth, rule=st.sampled_from(["linear", "sqrt"]), lr_scale=number,
                     max_batch_size=st.sampled_from([None, 100, 2**63]),
                     factor=st.sampled_from([None, "continuous", 1e300]),
                     exact=st.booleans(), shrink=st.booleans()),
)  # fmt: skip
def test_a_plan_is_of_finite_numbers_or_refused(reference, growth):
    try:
        plan = compile_plan(reference, growth, N)
    except InputError:
        return
    json.dumps(as_dict(plan), allow_nan=False)
    assert all(math.isfinite(update.lr) for update in plan.updates())
    assert not any(" nan" in note or " inf" in note for note in notes(plan))

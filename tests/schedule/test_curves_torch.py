"""Every curve that torch has, against torch's own scheduler over the whole run."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from bsgrow.errors import InputError
from bsgrow.schedule import Growth, Reference, build_curve, compile_plan
from tests.drawn import num_cases

LR = 0.3


def torch_scheduler(optimizer, spec):
    arguments = {key: value for key, value in spec.items() if key != "name"}
    if "schedulers" in spec:
        inner = [torch_scheduler(optimizer, curve) for curve in spec["schedulers"]]
        if spec["name"] == "ChainedScheduler":
            return lr_scheduler.ChainedScheduler(inner, optimizer=optimizer)
        return lr_scheduler.SequentialLR(optimizer, inner, milestones=spec["milestones"])
    return getattr(lr_scheduler, spec["name"])(optimizer, **arguments)


def torch_lrs(spec, num_steps):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=LR)
    scheduler = torch_scheduler(optimizer, spec)
    lrs = [optimizer.param_groups[0]["lr"]]
    for _ in range(num_steps - 1):
        optimizer.step()
        scheduler.step()
        lrs.append(optimizer.param_groups[0]["lr"])
    return lrs


def assert_same(spec, num_steps):
    curve = build_curve(LR, spec)
    assert curve.stop is None or curve.stop >= num_steps
    expected = torch_lrs(spec, num_steps)
    for step, lr in enumerate(expected):
        assert abs(curve.value(Fraction(step)) - lr) <= 1e-12 * max(expected), step


def named(name, **arguments):
    return {"name": name, **arguments}


COSINE = named("CosineAnnealingLR", T_max=50)
WARM_UP = named("LinearLR", start_factor=0.01, total_iters=7)
CYCLE = named("CyclicLR", base_lr=0.01, max_lr=1, step_size_up=13, cycle_momentum=False)
ONE_CYCLE = named("OneCycleLR", max_lr=1.0, total_steps=200, cycle_momentum=False)
FROM_LR = {**ONE_CYCLE, "max_lr": 25 * LR}


@pytest.mark.parametrize(
    "spec",
    [
        named("ConstantLR"),
        named("ConstantLR", factor=0.1, total_iters=30),
        named("ConstantLR", factor=1.0, total_iters=5),
        named("ConstantLR", factor=1.0, total_iters=0),
        named("LinearLR"),
        named("LinearLR", start_factor=1.0, end_factor=0.0, total_iters=150),
        named("StepLR", step_size=30, gamma=0.2),
        named("StepLR", step_size=1, gamma=0.97),
        named("MultiStepLR", milestones=[60, 120, 160], gamma=0.2),
        named("MultiStepLR", milestones=[1, 2, 199], gamma=3.0),
        named("ExponentialLR", gamma=0.98),
        named("ExponentialLR", gamma=1.01),
        named("PolynomialLR", total_iters=150, power=2.5),
        named("PolynomialLR"),
        named("CosineAnnealingLR", T_max=199),
        named("CosineAnnealingLR", T_max=199, eta_min=0.01),
        COSINE,  # past T_max, up and down again
        named("CosineAnnealingLR", T_max=30, eta_min=0.4),  # above the base learning rate
        named("CosineAnnealingWarmRestarts", T_0=40),
        named("CosineAnnealingWarmRestarts", T_0=10, T_mult=2, eta_min=0.01),
        named("CosineAnnealingWarmRestarts", T_0=7, T_mult=3),
        CYCLE,
        {**CYCLE, "step_size_down": 40, "mode": "triangular2"},
        {**CYCLE, "mode": "exp_range", "gamma": 0.99},
        {**CYCLE, "mode": "exp_range", "gamma": 1.01},
        ONE_CYCLE,
        {**ONE_CYCLE, "anneal_strategy": "linear", "pct_start": 0.1, "final_div_factor": 10},
        {**ONE_CYCLE, "three_phase": True, "div_factor": 5.0},
        {**ONE_CYCLE, "pct_start": 0.0},
        {**ONE_CYCLE, "pct_start": 1.0},
        {**ONE_CYCLE, "pct_start": 1.0, "three_phase": True},
        {**ONE_CYCLE, "pct_start": 0.5, "three_phase": True},
        {**ONE_CYCLE, "pct_start": 0.504, "three_phase": True},
        {**ONE_CYCLE, "pct_start": 0.7, "three_phase": True, "anneal_strategy": "linear"},
        {**ONE_CYCLE, "pct_start": 0.0, "three_phase": True},
        named("OneCycleLR", max_lr=1.0, epochs=4, steps_per_epoch=50, cycle_momentum=False),
        named("SequentialLR", schedulers=[WARM_UP, COSINE], milestones=[7]),
        named("SequentialLR", schedulers=[COSINE, WARM_UP, CYCLE], milestones=[60, 100]),
        named("SequentialLR", schedulers=[COSINE], milestones=[]),
        named("SequentialLR", schedulers=[FROM_LR, COSINE], milestones=[180]),
        named("SequentialLR", schedulers=[COSINE, FROM_LR], milestones=[7]),
        named("SequentialLR", schedulers=[CYCLE, ONE_CYCLE, CYCLE], milestones=[7, 190]),
        named("SequentialLR", schedulers=[{**CYCLE, "base_lr": LR}, WARM_UP], milestones=[40]),
        named("ChainedScheduler", schedulers=[WARM_UP, named("ExponentialLR", gamma=0.97)]),
        named("ChainedScheduler", schedulers=[WARM_UP, named("CosineAnnealingLR", T_max=200)]),
        named(
            "ChainedScheduler",
            schedulers=[
                named("ConstantLR", total_iters=9),
                named("PolynomialLR", total_iters=210, power=0.5),
                named("StepLR", step_size=50),
            ],
        ),
    ],
    ids=lambda spec: spec["name"],
)
def test_whole_curve(spec):
    assert_same(spec, 200)


lengths = st.integers(1, 60)
factors = st.floats(0.05, 1)
multiplied = st.one_of(
    st.builds(named, st.just("ConstantLR"), factor=factors, total_iters=lengths),
    st.builds(named, st.just("LinearLR"), start_factor=factors, end_factor=factors,
              total_iters=lengths),
    st.builds(named, st.just("StepLR"), step_size=lengths, gamma=st.floats(0.3, 1)),
    st.builds(named, st.just("ExponentialLR"), gamma=st.floats(0.9, 1.02)),
    st.builds(named, st.just("PolynomialLR"), total_iters=st.integers(81, 200),
              power=st.floats(0.2, 3)),
    st.builds(named, st.just("CosineAnnealingLR"), T_max=st.integers(40, 200)),
)  # fmt: skip
restarting = st.one_of(
    st.builds(named, st.just("CosineAnnealingLR"), T_max=lengths, eta_min=st.floats(0, 0.1)),
    st.builds(named, st.just("CosineAnnealingWarmRestarts"), T_0=lengths, T_mult=st.integers(1, 3)),
)
cyclic = st.builds(
    named,
    st.just("CyclicLR"),
    base_lr=factors,
    max_lr=st.floats(1, 3),
    step_size_up=lengths,
    step_size_down=lengths,
    gamma=st.floats(0.95, 1.02),
    mode=st.sampled_from(["triangular", "triangular2", "exp_range"]),
    cycle_momentum=st.just(False),
)
one_cycle = (
    st.builds(named, st.just("OneCycleLR"), max_lr=factors, total_steps=st.integers(81, 200),
              pct_start=st.floats(0.1, 1), three_phase=st.booleans(),
              cycle_momentum=st.just(False))
)  # fmt: skip
from_lr = one_cycle.map(lambda spec: {**spec, "max_lr": 25 * LR})
chained = st.builds(
    named,
    st.just("ChainedScheduler"),
    schedulers=st.lists(multiplied, min_size=1, max_size=3),
)


@st.composite
def sequential(draw):
    milestones = sorted(draw(st.sets(st.integers(1, 79), max_size=3)))
    curves = st.one_of(multiplied, restarting, cyclic, one_cycle, from_lr)
    schedulers = [draw(curves) for _ in [0, *milestones]]
    return named("SequentialLR", schedulers=schedulers, milestones=milestones)


@settings(max_examples=num_cases(100))
@given(st.one_of(multiplied, restarting, cyclic, one_cycle))
def test_drawn_curves(spec):
    assert_same(spec, 80)


@settings(max_examples=num_cases(100))
@given(chained)
def test_a_drawn_chain_is_torchs_up_to_the_first_t_max(spec):
    stops = [curve["T_max"] for curve in spec["schedulers"] if "T_max" in curve]
    stop = min(stops) if stops and len(spec["schedulers"]) > 1 else None
    assert build_curve(LR, spec).stop == stop
    assert_same(spec, min(80, stop or 80))


def test_a_plan_past_the_t_max_of_a_chained_cosine_is_refused():
    chain = named("ChainedScheduler", schedulers=[COSINE, named("StepLR", step_size=20)])
    assert torch_lrs(chain, 60)[55] != pytest.approx(
        torch_lrs(COSINE, 60)[55] * torch_lrs(named("StepLR", step_size=20), 60)[55] / LR
    )
    compile_plan(Reference(50, LR, 128, 0.9, chain), Growth(), 1000)
    with pytest.raises(InputError, match="ends after 50 epochs") as caught:
        compile_plan(Reference(51, LR, 128, 0.9, chain), Growth(), 1000)
    assert "T_max" in caught.value.hint
    within = named("SequentialLR", schedulers=[chain, COSINE], milestones=[51])
    with pytest.raises(InputError, match="a curve that ends after 50 is to run for 51") as caught:
        build_curve(LR, within)
    assert "T_max" in caught.value.hint


@settings(max_examples=num_cases(100))
@given(sequential())
def test_a_drawn_sequence_is_torchs_or_refused(spec):
    try:
        build_curve(LR, spec)
    except InputError:
        return
    assert_same(spec, 80)


@pytest.mark.parametrize(
    ("schedulers", "message"),
    [
        ([ONE_CYCLE, COSINE], "OneCycleLR: beside other curves it must begin at schedule.lr = 0.3"),
        ([WARM_UP, ONE_CYCLE], "max_lr / div_factor = 0.04"),
        ([CYCLE, COSINE], "base_lr = 0.01"),
        ([ONE_CYCLE, {**ONE_CYCLE, "final_div_factor": 10.0}], "OneCycleLR.final_div_factor = 10"),
        ([ONE_CYCLE, {**ONE_CYCLE, "max_lr": 2.0}], "OneCycleLR.max_lr = 2.0: must be that of"),
    ],
)
def test_a_sequence_in_which_torch_changes_the_base_lr_is_refused(schedulers, message):
    spec = named("SequentialLR", schedulers=schedulers, milestones=[150])
    with pytest.raises(InputError) as caught:
        build_curve(LR, spec)
    assert message in caught.value.message
    alone = [torch_lrs(curve, 200) for curve in schedulers]
    assert torch_lrs(spec, 200) != pytest.approx(alone[0][:150] + alone[1][:50], rel=1e-6)

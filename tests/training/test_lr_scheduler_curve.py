"""A live scheduler, read as a curve and left as it was found."""

import copy
from fractions import Fraction

import pytest
import torch
from torch.optim import lr_scheduler

from bsgrow.errors import InputError
from bsgrow.schedule import Growth, Reference, build_curve, compile_plan
from bsgrow.training.lr_scheduler_curve import lr_scheduler_curve


def make_optimizer():
    return torch.optim.SGD([torch.ones(3, requires_grad=True)], lr=0.1, momentum=0.9)


def chain(optimizer):
    return lr_scheduler.ChainedScheduler(
        [
            lr_scheduler.LinearLR(optimizer, total_iters=5),
            lr_scheduler.ExponentialLR(optimizer, gamma=0.97),
        ]
    )


def sequence(optimizer):
    warm_up = lr_scheduler.LinearLR(optimizer, total_iters=5)
    cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=35)
    return lr_scheduler.SequentialLR(optimizer, [warm_up, cosine], milestones=[5])


def trapezium(step):
    return min((step + 1) / 5, 1, (40 - step) / 8)


def warm_steps(step):
    return min((step + 1) / 5, 1) * (0.1 if step >= 20 else 1) * (0.1 if step >= 21 else 1)


MAKERS = {
    "cosine": lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, T_max=40),
    "steps": lambda optimizer: lr_scheduler.MultiStepLR(optimizer, [10, 20], gamma=0.2),
    "lambda": lambda optimizer: lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step)),
    "one cycle": lambda optimizer: lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=40),
    "cyclic": lambda optimizer: lr_scheduler.CyclicLR(optimizer, 0.01, 1.0, step_size_up=7),
    "chain": chain,
    "warm-up, stable, decay": lambda optimizer: lr_scheduler.LambdaLR(optimizer, trapezium),
    "warm-up, steps": lambda optimizer: lr_scheduler.LambdaLR(optimizer, warm_steps),
    "constant": lambda optimizer: lr_scheduler.ConstantLR(optimizer, factor=1.0),
    "sequence": sequence,
}


def state(scheduler, optimizer):
    groups = [
        {key: value for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
    ]
    return copy.deepcopy((scheduler.state_dict(), groups, optimizer.state_dict()))


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("steps_before", [0, 3])
def test_the_values_are_those_of_the_scheduler_which_is_left_alone(name, steps_before):
    optimizer = make_optimizer()
    scheduler = MAKERS[name](optimizer)
    for _ in range(steps_before):
        optimizer.step()
        scheduler.step()
    before, parameter = state(scheduler, optimizer), optimizer.param_groups[0]["params"][0]
    random_state = torch.get_rng_state()

    curve = build_curve(9.0, lr_scheduler_curve(scheduler, 37))

    assert state(scheduler, optimizer) == before
    assert optimizer.param_groups[0]["params"][0] is parameter
    assert torch.equal(torch.get_rng_state(), random_state)
    for step in range(37):
        assert curve.value(Fraction(step)) == optimizer.param_groups[0]["lr"], step
        optimizer.step()
        scheduler.step()


def test_steps_stay_steps_and_smooth_curves_are_joined():
    optimizer = make_optimizer()
    steps = lr_scheduler_curve(MAKERS["steps"](optimizer), 30)
    assert (steps["interpolation"], steps["positions"]) == ("step", [0, 10, 20])
    cosine = lr_scheduler_curve(MAKERS["cosine"](make_optimizer()), 30)
    assert (cosine["interpolation"], len(cosine["positions"])) == ("linear", 30)


def test_a_long_constant_stretch_leaves_a_curve_smooth():
    def factor(step):
        return min((step + 1) / 100, 1, (1000 - step) / 200)

    live = lr_scheduler_curve(lr_scheduler.LambdaLR(make_optimizer(), factor), 1000)
    assert live["interpolation"] == "linear"
    assert live["positions"] == [*range(100), *range(800, 1000)]
    reference = Reference(10, 0.1, 100, 0.9, live, unit="updates")
    plan = compile_plan(reference, Growth(), 10_000)
    assert (plan.growth.factor, plan.growth.max_batch_size) == (2.0, 1000)
    assert {phase.global_batch_size for phase in plan.phases} == {100, 200, 400, 800, 1000}


def test_a_jump_beside_a_warm_up_stays_a_jump():
    live = lr_scheduler_curve(MAKERS["warm-up, steps"](make_optimizer()), 40)
    assert live["interpolation"] == "linear"
    curve = build_curve(9.0, live)
    assert curve.value(Fraction(199, 10)) == curve.value(Fraction(19))
    assert curve.value(Fraction(209, 10)) == curve.value(Fraction(20))
    assert curve.value(Fraction(1, 2)) == pytest.approx(0.03)


def test_neighbouring_milestones_stay_steps():
    scheduler = lr_scheduler.MultiStepLR(make_optimizer(), [1, 10, 11], gamma=0.2)
    live = lr_scheduler_curve(scheduler, 30)
    assert (live["interpolation"], live["positions"]) == ("step", [0, 1, 10, 11])


def test_a_plan_of_a_live_scheduler_is_that_of_its_curve():
    live = lr_scheduler_curve(MAKERS["steps"](make_optimizer()), 30)
    written = {"name": "MultiStepLR", "milestones": [10, 20], "gamma": 0.2}
    plans = [
        compile_plan(Reference(30, 0.1, 32, 0.9, curve), Growth(), 10_000)
        for curve in (live, written)
    ]
    assert [p.start_sample for p in plans[0].phases] == [p.start_sample for p in plans[1].phases]
    sizes = [[phase.global_batch_size for phase in plan.phases] for plan in plans]
    assert sizes == [[32, 160, 800]] * 2


def test_the_group_that_is_asked_for():
    groups = [{"params": [torch.ones(1)]}, {"params": [torch.ones(1)], "lr": 0.5}]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    scheduler = lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=2)
    curve = lr_scheduler_curve(scheduler, 4, param_group=1)
    assert curve["lrs"] == [0.25, 0.5]


def test_what_is_no_function_of_the_step_is_refused():
    optimizer = make_optimizer()
    with pytest.raises(InputError, match="moves with a metric"):
        lr_scheduler_curve(lr_scheduler.ReduceLROnPlateau(optimizer), 10)
    with pytest.raises(InputError, match="num_steps = 0: must be at least 1"):
        lr_scheduler_curve(MAKERS["cosine"](optimizer), 0)

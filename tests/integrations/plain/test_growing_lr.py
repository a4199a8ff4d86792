"""A plan's lr and momentum as a scheduler of PyTorch."""

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, MultiStepLR

from bsgrow.errors import InputError
from bsgrow.integrations.plain.growing_lr import GrowingLR
from bsgrow.integrations.plain.loop_error import LoopError
from bsgrow.integrations.plain.lr_scheduler_plan import plan_from_lr_scheduler
from bsgrow.schedule import Growth
from tests.integrations.plain.plans import plan_of

DECAY = plan_of(growth=Growth(mode="decay"))
RAISED = plan_of(num_samples=1000, growth=Growth(momentum=0.98, momentum_at=1))


def groups(*settings):
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in settings]
    return [{"params": [p], **each} for p, each in zip(parameters, settings, strict=True)]


def sgd(*settings):
    return torch.optim.SGD(groups(*settings), lr=0.1, momentum=0.9)


def seen(optimizer, scheduler, plan, key="lr"):
    """Return the values of each group in each update."""
    values = []
    for _ in range(plan.num_updates):
        values.append([group[key] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return values


def test_an_optimizer_that_began_with_the_plans_lr_has_the_plans_own():
    optimizer = sgd({})
    scheduler = GrowingLR(optimizer, DECAY)
    assert isinstance(scheduler, LRScheduler)
    values = seen(optimizer, scheduler, DECAY)
    assert values == [[update.lr] for update in DECAY.updates()]
    assert len({lr for (lr,) in values}) == 4  # of three phases and the cut last update


def test_each_group_keeps_its_proportion():
    optimizer = sgd({}, {"lr": 1.0}, {"lr": 0.0})
    values = seen(optimizer, GrowingLR(optimizer, DECAY), DECAY)
    for (first, second, third), update in zip(values, DECAY.updates(), strict=True):
        assert (first, third) == (update.lr, 0.0)
        assert second == pytest.approx(10 * update.lr, rel=1e-12)


def test_the_momentum_of_each_group_keeps_the_proportion_of_1_less_it():
    optimizer = sgd({}, {"momentum": 0.8}, {"momentum": 0.0})
    values = seen(optimizer, GrowingLR(optimizer, RAISED), RAISED, "momentum")
    assert {update.momentum for update in RAISED.updates()} == {0.9, 0.98}
    for row, update in zip(values, RAISED.updates(), strict=True):
        raised = update.momentum == 0.98
        expected = [0.98, 0.96, 0.8] if raised else [0.9, 0.8, 0.0]
        assert row == pytest.approx(expected, abs=1e-12)


def test_a_momentum_that_the_plan_leaves_alone_stays_to_the_bit():
    optimizer = sgd({"momentum": 0.7})
    assert set(map(tuple, seen(optimizer, GrowingLR(optimizer, DECAY), DECAY, "momentum"))) == {
        (0.7,)
    }


def test_a_momentum_that_no_group_has_is_refused():
    optimizer = torch.optim.Adam(groups({}), lr=0.1)
    with pytest.raises(InputError, match="moves the momentum, and Adam has none"):
        GrowingLR(optimizer, RAISED)
    assert GrowingLR(optimizer, DECAY).get_last_lr() == [0.1]


def test_a_tensor_of_an_lr_is_filled_in_place():
    lr = torch.tensor(0.1)
    optimizer = torch.optim.SGD(groups({}), lr=lr)
    scheduler = GrowingLR(optimizer, DECAY)
    scheduler.move_to(DECAY.num_updates - 1)
    assert optimizer.param_groups[0]["lr"] is lr
    assert float(lr) == pytest.approx(DECAY.update(DECAY.num_updates - 1).lr)


@pytest.mark.parametrize("loads_optimizer_first", [True, False])
def test_a_state_goes_on_with_what_the_groups_began_with(loads_optimizer_first):
    optimizer = sgd({}, {"lr": 1.0})
    scheduler = GrowingLR(optimizer, RAISED)
    expected = seen(optimizer, scheduler, RAISED)
    optimizer = sgd({}, {"lr": 1.0})
    scheduler = GrowingLR(optimizer, RAISED)
    for _ in range(60):
        optimizer.step()
        scheduler.step()
    saved = optimizer.state_dict(), scheduler.state_dict()
    again = sgd({}, {"lr": 1.0})
    if loads_optimizer_first:
        again.load_state_dict(saved[0])
    other = GrowingLR(again, RAISED)
    if not loads_optimizer_first:
        again.load_state_dict(saved[0])
    other.load_state_dict(saved[1])
    rest = []
    for _ in range(60, RAISED.num_updates):
        rest.append([group["lr"] for group in again.param_groups])
        again.step()
        other.step()
    assert rest == expected[60:]


def test_a_state_of_another_number_of_groups_is_refused():
    state = GrowingLR(sgd({}), DECAY).state_dict()
    with pytest.raises(InputError, match="of 1 parameter groups, the optimizer has 2"):
        GrowingLR(sgd({}, {}), DECAY).load_state_dict(state)


def test_a_step_to_some_epoch_is_refused():
    with pytest.raises(RuntimeError, match=r"scheduler.step\(3\)"):
        GrowingLR(sgd({}), DECAY).step(3)


def test_a_plan_of_a_scheduler_is_that_of_its_curve():
    optimizer = sgd({})
    scheduler = MultiStepLR(optimizer, [1, 2], gamma=0.5)
    before = optimizer.state_dict()["param_groups"]
    plan = plan_from_lr_scheduler(scheduler, num_samples=101, epochs=3, global_batch_size=8)
    assert plan.phases == plan_of().phases
    assert optimizer.state_dict()["param_groups"] == before


def test_a_scheduler_that_is_stepped_by_updates_moves_by_them():
    optimizer = sgd({})
    scheduler = CosineAnnealingLR(optimizer, T_max=39)
    arguments = {"num_samples": 101, "epochs": 3, "global_batch_size": 8}
    growth = Growth(mode="decay")
    plan = plan_from_lr_scheduler(scheduler, **arguments, growth=growth, steps_by="updates")
    follower = GrowingLR(sgd({}), plan)
    for update in list(plan.updates())[:37]:
        assert update.lr == pytest.approx(scheduler.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        scheduler.step()
    assert follower.num_updates == 0
    with pytest.raises(InputError, match="steps_by"):
        plan_from_lr_scheduler(scheduler, **arguments, steps_by="batches")


def on_device():
    """Return an optimizer whose lr cannot be read, as where reading it waits for a device."""
    optimizer = sgd({})
    (group,) = optimizer.param_groups
    group["initial_lr"], group["lr"] = 0.1, torch.tensor(0.1, device="meta")
    return optimizer


@pytest.mark.parametrize("num_whole", [None, lambda: 2])
def test_an_lr_on_a_device_is_not_read(num_whole):
    optimizer = on_device()
    scheduler = GrowingLR(optimizer, DECAY, num_whole=num_whole)
    scheduler.move_to(1)
    optimizer.step()
    scheduler.step()
    assert scheduler.num_updates == 2
    scheduler.load_state_dict(scheduler.state_dict())


def test_another_scheduler_is_told_of_where_a_loop_steps_both():
    optimizer = sgd({})
    scheduler, other = GrowingLR(optimizer, DECAY), MultiStepLR(optimizer, [1], gamma=0.5)
    optimizer.step()
    other.step()
    with pytest.raises(LoopError, match=r"the lr of parameter group 0 is 0.05, .* something else"):
        scheduler.step()


def test_an_optimizer_follows_one_plan_until_that_has_ended():
    optimizer = sgd({})
    first = GrowingLR(optimizer, DECAY, num_whole=lambda: DECAY.num_updates)
    with pytest.raises(InputError, match="this SGD follows a plan already, of which 0 of 38 upd"):
        GrowingLR(optimizer, DECAY)
    seen(optimizer, first, DECAY)
    assert seen(optimizer, GrowingLR(optimizer, DECAY), DECAY)[0] == [0.1]
    GrowingLR(sgd({}), DECAY)


UNMOVED = plan_of(growth=Growth(rule="sqrt", max_batch_size=64, rescale=[]), momentum=0.0)
GROWN = plan_of(growth=Growth(rule="sqrt", max_batch_size=64), momentum=0.0)
OF_ADAMW = ("betas", "eps", "weight_decay")


def adamw(*settings):
    return torch.optim.AdamW(groups(*settings), lr=0.1, betas=(0.8, 0.95), weight_decay=0.1)


def step_to(optimizer, scheduler, num_updates):
    for _ in range(scheduler.num_updates, num_updates):
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = torch.ones(1)
        optimizer.step()
        scheduler.step()


def constants(optimizer):
    steps = [float(state["step"]) for state in optimizer.state.values()]
    groups = [[group[key] for key in OF_ADAMW] for group in optimizer.param_groups]
    return groups, steps


def test_what_counts_updates_goes_with_the_batch_of_each():
    optimizer = adamw({}, {"weight_decay": 0.0, "betas": (0.5, 0.9)})
    scheduler = GrowingLR(optimizer, GROWN)
    ratios = set()
    for update in GROWN.updates():
        kept, ratio = constants(optimizer), update.global_batch_size / 8
        wanted = [[0.8**ratio, 0.95**ratio], [0.5**ratio, 0.9**ratio]]
        for (betas, eps, _), own in zip(kept[0], wanted, strict=True):
            assert betas == pytest.approx(own, rel=1e-12)
            assert eps == pytest.approx(1e-8 / ratio**0.5, rel=1e-12)
        decays = [group[2] for group in kept[0]]
        assert decays == pytest.approx([0.1 * ratio**0.5, 0.0], rel=1e-12)
        assert kept[1] == pytest.approx([update.start / (8 * ratio)] * (2 if kept[1] else 0))
        step_to(optimizer, scheduler, update.index + 1)
        ratios.add(ratio)
    assert len(ratios) > 2


@pytest.mark.parametrize("optimizer_first", [True, False])
def test_a_saved_state_is_multiplied_once(optimizer_first):
    whole = adamw({})
    step_to(whole, GrowingLR(whole, GROWN), GROWN.num_updates)
    first, second = adamw({}), adamw({})
    begun, goes_on = GrowingLR(first, GROWN), GrowingLR(second, GROWN)
    step_to(first, begun, 17)
    loads = [(second, first.state_dict()), (goes_on, begun.state_dict())]
    for each, state in loads if optimizer_first else loads[::-1]:
        each.load_state_dict(state)
    step_to(second, goes_on, GROWN.num_updates)
    assert constants(second) == constants(whole)


@pytest.mark.parametrize("growth", [UNMOVED.growth, Growth()])
def test_what_is_switched_off_or_not_moved_by_the_rule_stays(growth):
    optimizer, plan = adamw({}), plan_of(growth=growth, momentum=0.0)
    keys = optimizer.param_groups[0].keys() | {"initial_lr"}
    before = constants(optimizer)[0]
    step_to(optimizer, GrowingLR(optimizer, plan), plan.num_updates)
    assert constants(optimizer) == (before, [plan.num_updates])
    assert optimizer.param_groups[0].keys() == keys


def test_a_state_from_before_constants_moved_moves_none():
    old, optimizer = adamw({}), adamw({})
    step_to(old, GrowingLR(old, UNMOVED), 5)
    scheduler = GrowingLR(optimizer, GROWN)
    optimizer.load_state_dict(old.state_dict())
    scheduler.move_to(5)
    step_to(optimizer, scheduler, GROWN.num_updates)
    assert constants(optimizer) == (constants(adamw({}))[0], [GROWN.num_updates])


def test_the_constants_of_an_unknown_optimizer_stay():
    class Own(torch.optim.SGD):
        """An optimizer whose betas mean something else."""

    optimizer = Own(groups({"betas": (0.9, 0.99)}), lr=0.1)
    step_to(optimizer, GrowingLR(optimizer, GROWN), GROWN.num_updates)
    assert optimizer.param_groups[0]["betas"] == (0.9, 0.99)

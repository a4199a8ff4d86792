"""What a loader and a scheduler refuse in one sentence, before a loop begins or drifts."""

import pytest
import torch
from torch.nn.parallel import DistributedDataParallel
from torch.optim.lr_scheduler import StepLR

from bsgrow.errors import InputError
from bsgrow.integrations.plain.growing_loader import GrowingLoader
from bsgrow.integrations.plain.growing_lr import GrowingLR
from bsgrow.integrations.plain.loop_error import LoopError
from tests.integrations.plain.plans import Numbered, plan_of


def sgd(lr=0.1):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)


@pytest.mark.parametrize("value", ["4", 4.0, None, True, 0, -1])
@pytest.mark.parametrize("name", ["micro_batch_size", "ghost_batch_size"])
def test_a_size_is_a_whole_number(name, value):
    with pytest.raises(InputError, match=rf"{name} = {value!r}: must be a whole number, 1 or more"):
        GrowingLoader(Numbered(), plan_of(), **{"micro_batch_size": 4, name: value})


@pytest.mark.parametrize("value", ["0", 1.5, None, -1])
@pytest.mark.parametrize("name", ["seed", "look_ahead"])
def test_a_seed_and_a_number_ahead_are_whole_numbers(name, value):
    with pytest.raises(InputError, match=rf"{name} = {value!r}: must be a whole number"):
        GrowingLoader(Numbered(), plan_of(), micro_batch_size=4, **{name: value})


@pytest.mark.parametrize("place", [(2, 2), (-1, 2), (0, 0)])
def test_a_place_that_there_is_not_is_refused_at_once(place):
    rank, world = place
    with pytest.raises(ValueError, match=r"rank|world_size"):
        GrowingLoader(Numbered(), plan_of(), micro_batch_size=4, rank=rank, world_size=world)


def test_a_mean_of_gradients_that_is_not_made_up_for_is_refused():
    model = DistributedDataParallel.__new__(DistributedDataParallel)
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=4, rank=0, world_size=2)
    with pytest.raises(InputError, match="DistributedDataParallel: takes the mean of gradients"):
        loader.accumulating(model, None)


@pytest.mark.parametrize("plan", [None, "digits", 3])
def test_what_is_no_plan_is_refused(plan):
    with pytest.raises(InputError, match=r"plan = .*: must be a Plan"):
        GrowingLoader(Numbered(), plan, micro_batch_size=4)
    with pytest.raises(InputError, match=r"plan = .*: must be a Plan"):
        GrowingLR(sgd(), plan)


@pytest.mark.parametrize("optimizer", ["sgd", 3, torch.nn.Linear(1, 1)], ids=str)
def test_what_is_no_optimizer_is_refused(optimizer):
    with pytest.raises(InputError, match=r"optimizer = .*: must be an Optimizer or None"):
        GrowingLoader(Numbered(), plan_of(), micro_batch_size=4, optimizer=optimizer)


@pytest.mark.parametrize("state", [None, [1], 3])
def test_what_is_no_state_is_refused(state):
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=4)
    with pytest.raises(InputError, match="expected what state_dict"):
        loader.load_state_dict(state)
    with pytest.raises(InputError, match="expected what state_dict"):
        GrowingLR(sgd(), plan_of()).load_state_dict(state)


@pytest.mark.parametrize("number", [-1, 10**6, "3", 1.5, None, True])
def test_a_state_beyond_the_plan_is_refused(number):
    loader, scheduler = (
        GrowingLoader(Numbered(), plan_of(), micro_batch_size=4),
        GrowingLR(sgd(), plan_of()),
    )
    for each in (loader, scheduler):
        with pytest.raises(InputError, match=f"num_updates = {number!r}: expected an integer from"):
            each.load_state_dict(each.state_dict() | {"num_updates": number})
    assert (loader.num_updates, scheduler.num_updates) == (0, 0)


def stepped(loader, optimizer, between):
    """Make updates, and something of the user's after each."""
    for _ in loader.epochs():
        for _, cut in loader:
            if cut.closes_update:
                optimizer.step()
                between()


def test_another_scheduler_that_is_still_stepped_is_told_of():
    optimizer = sgd()
    other = StepLR(optimizer, 1, 0.5)
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=8, optimizer=optimizer)
    with pytest.raises(LoopError, match="something else has set it"):
        stepped(loader, optimizer, other.step)
    assert loader.num_updates == 1


def test_a_state_of_the_optimizer_from_elsewhere_is_told_of():
    optimizer = sgd()
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=8, optimizer=optimizer)
    optimizer.load_state_dict(sgd(0.3).state_dict())
    with pytest.raises(LoopError, match="something else has set it"):
        stepped(loader, optimizer, lambda: None)


def test_a_lr_in_a_tensor_is_the_plans_to_its_precision():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.Adam([parameter], lr=torch.tensor(0.1), foreach=False)
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=8, optimizer=optimizer)
    loader.load_state_dict(loader.state_dict() | {"num_updates": 20})
    stepped(loader, optimizer, lambda: None)
    assert loader.is_finished


def test_a_group_that_comes_later_is_told_of():
    optimizer = sgd()
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=8, optimizer=optimizer)
    added = {"params": [torch.nn.Parameter(torch.zeros(1))]}
    optimizer.add_param_group(added)
    with pytest.raises(LoopError, match="has 2 parameter groups, and 1 when"):
        stepped(loader, optimizer, lambda: None)

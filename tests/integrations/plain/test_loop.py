"""What a loop may do with a plan, and what is refused before it drifts."""

import pytest
import torch
from torch.distributed.checkpoint.state_dict import (
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)

from bsgrow.errors import InputError
from bsgrow.integrations.plain.growing_loader import GrowingLoader
from bsgrow.integrations.plain.loop_error import LoopError
from tests.integrations.plain.plans import Numbered, plan_of


class Loop:
    """A loader, an optimizer and its scheduler; micro-batches of 4 in updates of 8 and more."""

    def __init__(self, **arguments):
        self.loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=4, **arguments)
        self.parameter = torch.nn.Parameter(torch.zeros(1))
        self.optimizer = torch.optim.SGD([self.parameter], lr=0.1, momentum=0.9)
        self.scheduler = self.loader.lr_scheduler(self.optimizer)
        self.taking = iter(self.loader)

    def take(self, number=1):
        for _ in range(number):
            _, cut = next(self.taking)
        return cut

    def make_update(self):
        while not self.take().closes_update:
            pass
        self.optimizer.step()
        self.scheduler.step()


def test_an_update_that_is_not_made_is_told_of():
    loop = Loop()
    loop.make_update()
    loop.take(2)
    with pytest.raises(LoopError, match="update 2 was handed out whole and is not made"):
        loop.take()


def test_a_scheduler_that_is_not_stepped_is_told_of():
    loop = Loop()
    loop.take(2)
    loop.optimizer.step()
    with pytest.raises(LoopError, match="update 1 was handed out whole and is not made"):
        loop.take()


def test_a_step_in_the_middle_of_an_update_is_refused_before_it_is_made():
    loop = Loop()
    loop.make_update()
    loop.take()
    loop.parameter.grad = torch.ones(1)
    with pytest.raises(LoopError, match=r"optimizer.step\(\): update 2 is not whole yet"):
        loop.optimizer.step()
    assert loop.parameter == 0


def test_a_second_step_is_refused_before_it_is_made():
    loop = Loop()
    loop.take(2)
    loop.optimizer.step()
    with pytest.raises(LoopError, match=r"scheduler.step\(\) has not been called after update 1"):
        loop.optimizer.step()


def test_a_scheduler_that_is_stepped_first_is_refused():
    loop = Loop()
    loop.take(2)
    with pytest.raises(LoopError, match="the optimizer has not stepped in update 1"):
        loop.scheduler.step()


def test_a_step_that_is_left_out_on_purpose_is_said():
    loop = Loop()
    loop.take(2)
    loop.scheduler.skip()
    assert loop.take().update.index == 1
    with pytest.raises(LoopError, match="not whole"):
        loop.scheduler.skip()


def test_an_optimizer_that_was_given_goes_on_by_its_steps():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=8, optimizer=optimizer)
    lrs = []
    for _ in loader.epochs():
        for _, cut in loader:
            if cut.closes_update:
                lrs.append((optimizer.param_groups[0]["lr"], cut.update.lr))
                optimizer.step()
    assert len(lrs) == plan_of().num_updates
    assert all(lr == expected for lr, expected in lrs)


def test_a_step_of_such_a_one_can_be_left_out_too():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=4, optimizer=optimizer)
    taking = iter(loader)
    next(taking)
    with pytest.raises(LoopError, match="not whole"):
        optimizer.step()
    next(taking)
    loader.skip_update()
    assert next(taking)[1].update.index == 1


def test_a_loop_that_is_left_in_the_middle_of_an_update_is_told_of():
    loop = Loop()
    loop.make_update()
    loop.take()
    with pytest.raises(LoopError, match="left in the middle of update 2"):
        next(iter(loop.loader))


def test_such_an_update_can_be_made_anew():
    loop = Loop()
    loop.make_update()
    cut = loop.take()
    loop.loader.load_state_dict(loop.loader.state_dict())
    loop.taking = iter(loop.loader)
    assert loop.take() == cut
    loop.take()
    loop.optimizer.step()
    loop.scheduler.step()


def test_a_loop_whose_lr_nobody_sets_is_refused():
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=4)
    with pytest.raises(LoopError, match="no optimizer follows the plan"):
        next(iter(loader))


def test_the_last_update_of_an_epoch_is_looked_after_too():
    loop = Loop()
    for _ in range(12):
        loop.make_update()
    assert loop.take(2).ends_epoch
    with pytest.raises(LoopError, match="update 13 was handed out whole and is not made"):
        next(loop.taking)


def test_a_step_behind_the_end_is_refused():
    loop = Loop()
    for _ in loop.loader.epochs():
        for _, cut in loop.loader:
            if cut.closes_update:
                loop.optimizer.step()
                loop.scheduler.step()
    with pytest.raises(LoopError, match="not whole"):
        loop.optimizer.step()
    with pytest.raises(LoopError, match=r"all \d+ updates are made"):
        loop.scheduler.step()


@pytest.mark.parametrize("number", [1, 2, 5])
def test_who_takes_ahead_is_looked_after_as_far_behind(number):
    loop = Loop(look_ahead=number)
    loop.take(2 + number)
    with pytest.raises(LoopError, match="update 1 was handed out whole"):
        loop.take()


def test_two_optimizers_follow_one_plan():
    loop = Loop()
    other = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = loop.loader.lr_scheduler(other)
    loop.take(2)
    loop.optimizer.step()
    loop.scheduler.step()
    with pytest.raises(LoopError, match="update 1"):
        loop.take()
    other.step()
    scheduler.step()
    loop.taking = iter(loop.loader)
    assert loop.take().update.index == 1


def test_the_state_of_a_scheduler_alone_moves_its_loader():
    loop, other = Loop(), Loop()
    for _ in range(3):
        loop.make_update()
    other.scheduler.load_state_dict(loop.scheduler.state_dict())
    other.taking = iter(other.loader)
    assert other.take().update.index == 3
    other.take()
    other.optimizer.step()
    other.scheduler.step()


@pytest.mark.parametrize("follows", [True, False])
def test_the_step_by_which_a_distributed_checkpoint_is_loaded_is_none(follows):
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    given = {"optimizer": optimizer} if follows else {}
    loader = GrowingLoader(Numbered(), plan_of(), micro_batch_size=8, **given)
    scheduler = None if follows else loader.lr_scheduler(optimizer)
    set_optimizer_state_dict(model, optimizer, get_optimizer_state_dict(model, optimizer))
    assert loader.num_updates == 0
    for (features, *_), _cut in loader:
        model(features).sum().backward()
        optimizer.step()
        if scheduler:
            scheduler.step()
    assert loader.num_updates == 13


def test_the_state_of_a_scheduler_of_another_plan_is_refused():
    loop = Loop()
    with pytest.raises(InputError, match="another plan"):
        loop.scheduler.load_state_dict(loop.scheduler.state_dict() | {"plan": "other"})


def test_a_second_loader_of_an_optimizer_is_refused():
    loop = Loop()
    with pytest.raises(InputError, match="this SGD follows a plan already") as refused:
        GrowingLoader(Numbered(), plan_of(), micro_batch_size=4, optimizer=loop.optimizer)
    assert "make the optimizer anew" in refused.value.hint


def test_a_loop_that_goes_on_after_another_was_begun_is_told_of():
    loop = Loop()
    loop.make_update()
    other = iter(loop.loader)
    assert next(other)[1].update.index == 1
    with pytest.raises(LoopError, match="another loop over this loader was begun"):
        loop.take()
    assert next(other)[1].closes_update  # which is not disturbed

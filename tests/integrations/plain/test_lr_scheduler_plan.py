"""What a plan is not read from."""

import pytest
import torch
from torch.optim.lr_scheduler import (
    CyclicLR,
    LambdaLR,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
)

from bsgrow.errors import InputError
from bsgrow.integrations.plain.lr_scheduler_plan import plan_from_lr_scheduler
from bsgrow.schedule import Growth

OPTIMIZER = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
RUN = {"num_samples": 64, "epochs": 4, "global_batch_size": 4}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scheduler": None}, "scheduler = None: must be a LRScheduler"),
        ({"scheduler": OPTIMIZER}, "scheduler = .*: must be a LRScheduler"),
        ({"scheduler": ReduceLROnPlateau(OPTIMIZER)}, "ReduceLROnPlateau: moves with a metric"),
        ({"num_samples": 0}, "num_samples = 0: must be at least 1"),
        ({"num_samples": "64"}, "num_samples = '64': must be a whole number"),
        ({"epochs": float("nan")}, "epochs = nan: must be a finite number above 0"),
        ({"epochs": None}, "epochs = None: must be a number"),
        ({"global_batch_size": 0}, "global_batch_size = 0: must be a finite number above 0"),
        ({"global_batch_size": "4"}, "global_batch_size = '4': must be a whole number"),
        ({"param_group": 5}, "param_group = 5: must be from 0 to 0"),
        ({"param_group": "a"}, "param_group = 'a': must be a whole number"),
        ({"growth": {"max_batch_size": 16}}, "growth = {.*}: must be a Growth"),
        ({"steps_by": "samples"}, "steps_by = 'samples': must be one of epochs, updates"),
    ],
)
def test_what_is_wrong_is_said(wrong, message):
    arguments = {"scheduler": MultiStepLR(OPTIMIZER, [1], 0.5), "growth": Growth(), **RUN, **wrong}
    with pytest.raises(InputError, match=message):
        plan_from_lr_scheduler(arguments.pop("scheduler"), **arguments)


def one_cycle(optimizer, **arguments):
    return OneCycleLR(optimizer, 0.1, total_steps=64, **arguments)


def within_another(optimizer):
    parts = [MultiStepLR(optimizer, [1], 0.5), CyclicLR(optimizer, 0.01, 0.1, step_size_up=4)]
    return SequentialLR(optimizer, parts, milestones=[4])


@pytest.mark.parametrize("make", [one_cycle, within_another])
@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
def test_a_scheduler_that_moves_the_momentum_is_refused(make, kind):
    scheduler = make(kind([torch.nn.Parameter(torch.zeros(1))], lr=0.1))
    with pytest.raises(InputError, match="moves the momentum with the learning rate") as caught:
        plan_from_lr_scheduler(scheduler, **RUN, steps_by="updates")
    assert caught.value.hint == "make it with cycle_momentum=False"


def test_what_its_hint_says_is_taken():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    scheduler = one_cycle(optimizer, cycle_momentum=False)
    plan = plan_from_lr_scheduler(scheduler, **RUN, steps_by="updates")
    assert plan.reference.momentum == 0.9


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda own: OneCycleLR(own, 0.1, total_steps=9), r"OneCycleLR: step 10 of the 64 in the "),
        (lambda own: LambdaLR(own, [1, 1, 1].__getitem__), r"LambdaLR: step 3 of .* IndexError: "),
    ],
)
def test_a_scheduler_that_ends_before_the_run_says_at_which_step(make, message):
    scheduler = make(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1))
    with pytest.raises(InputError, match=message):
        plan_from_lr_scheduler(scheduler, **RUN, steps_by="updates")

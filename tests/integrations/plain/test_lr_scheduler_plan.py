"""What a plan is not read from."""

import pytest
import torch
from torch.optim.lr_scheduler import MultiStepLR, ReduceLROnPlateau

from bsgrow.errors import InputError
from bsgrow.integrations.plain.lr_scheduler_plan import plan_from_lr_scheduler
from bsgrow.schedule import Growth

OPTIMIZER = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
RUN = {"num_samples": 64, "epochs": 4, "global_batch_size": 4}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scheduler": None}, "scheduler: expected one of torch.optim.lr_scheduler, got NoneType"),
        ({"scheduler": OPTIMIZER}, "scheduler: expected one of torch.optim.lr_scheduler, got SGD"),
        ({"scheduler": ReduceLROnPlateau(OPTIMIZER)}, "ReduceLROnPlateau: moves with a metric"),
        ({"num_samples": 0}, "num_samples = 0: must be at least 1"),
        ({"num_samples": "64"}, "num_samples = '64': must be a whole number"),
        ({"epochs": float("nan")}, "epochs = nan: must be a finite number above 0"),
        ({"epochs": None}, "epochs = None: must be a number"),
        ({"global_batch_size": 0}, "global_batch_size = 0: must be a finite number above 0"),
        ({"global_batch_size": "4"}, "global_batch_size = '4': must be a whole number"),
        ({"param_group": 5}, "param_group = 5: must be from 0 to 0"),
        ({"param_group": "a"}, "param_group = 'a': must be a whole number"),
        ({"growth": {"max_batch_size": 16}}, "growth: expected a Growth, got dict"),
        ({"steps_by": "samples"}, "steps_by = 'samples': expected"),
    ],
)
def test_what_is_wrong_is_said(wrong, message):
    arguments = {"scheduler": MultiStepLR(OPTIMIZER, [1], 0.5), "growth": Growth(), **RUN, **wrong}
    with pytest.raises(InputError, match=message):
        plan_from_lr_scheduler(arguments.pop("scheduler"), **arguments)

"""Values of a plan from Python, where no recipe has been read: one sentence for a wrong type."""

import pytest

from bsgrow.errors import InputError
from bsgrow.schedule import Growth, Reference, compile_plan

SETTINGS = {"epochs": 4, "lr": 0.1, "global_batch_size": 4}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": "4"}, "schedule.epochs = '4': must be a number"),
        ({"epochs": None}, "schedule.epochs = None: must be a number"),
        ({"lr": "x"}, "schedule.lr = 'x': must be a number"),
        ({"global_batch_size": 4.5}, "schedule.global_batch_size = 4.5: must be a whole number"),
        ({"global_batch_size": "4"}, "schedule.global_batch_size = '4': must be a whole number"),
        ({"momentum": "a"}, "optimizer.momentum = 'a': must be a number"),
        ({"curve": "StepLR"}, "schedule.curve = 'StepLR': must be a table"),
        ({"unit": "epoch"}, "schedule.unit = 'epoch': must be one of epochs, samples, updates"),
        ({"hold": "step"}, "schedule.hold = 'step': must be one of epoch"),
        ({"tokens_per_sample": 1.5}, "schedule.tokens_per_sample = 1.5: must be a whole number"),
    ],
)
def test_a_reference_says_what_its_values_are(wrong, message):
    with pytest.raises(InputError, match=message):
        Reference(**SETTINGS | wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"mode": "x"}, "growth.mode = 'x': must be one of decay, hybrid, grow"),
        ({"max_batch_size": 8.5}, "growth.max_batch_size = 8.5: must be a whole number"),
        ({"multiple_of": "2"}, "growth.multiple_of = '2': must be a whole number"),
        ({"factor": [2]}, r"growth.factor = \[2\]: must be a number"),
        ({"batch_exponent": "1"}, "growth.batch_exponent = '1': must be a number"),
        ({"lr_scale": None}, "growth.lr_scale = None: must be a number"),
        ({"momentum": "0.9"}, "growth.momentum = '0.9': must be a number"),
        ({"momentum": 0.9, "momentum_at": "1"}, "growth.momentum_at = '1': must be a number"),
    ],
)
def test_a_growth_says_what_its_values_are(wrong, message):
    with pytest.raises(InputError, match=message):
        Growth(**wrong)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, Growth(), 64), "reference = None: must be a Reference"),
        ((Reference(**SETTINGS), {}, 64), "growth = {}: must be a Growth"),
        ((Reference(**SETTINGS), Growth(), "64"), "num_samples = '64': must be a whole"),
        ((Reference(**SETTINGS), Growth(), 64.0), "num_samples = 64.0: must be a whole"),
        ((Reference(**SETTINGS), Growth(), 0), "data.num_samples = 0: must be at least 1"),
    ],
)
def test_a_plan_says_what_it_is_compiled_from(arguments, message):
    with pytest.raises(InputError, match=message):
        compile_plan(*arguments)

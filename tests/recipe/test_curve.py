"""A curve is checked with the learning rate that it will run with, whoever writes it."""

import pytest
import torch
from torch.optim import lr_scheduler

from bsgrow.errors import InputError
from bsgrow.recipe import plan_recipe, schedule_recipe
from bsgrow.recipe.curve import check_curve
from bsgrow.schedule import Growth, Reference, compile_plan
from bsgrow.training.lr_scheduler_curve import lr_scheduler_curve

LR = 0.1 / 3  # seven digits of it are another number
N, EPOCHS, BATCH = 1000, 8, 64
CONSTANT = {"name": "ConstantLR", "factor": 1.0, "total_iters": 0}
ONE_CYCLE = {"name": "OneCycleLR", "max_lr": 25 * LR, "total_steps": 10}
CYCLIC = {"name": "CyclicLR", "base_lr": LR, "max_lr": 0.1, "step_size_up": 2}


def sequence(*schedulers, milestones=(4,)):
    return {
        "name": "SequentialLR",
        "schedulers": list(schedulers),
        "milestones": list(milestones),
    }


def warmed(curve, shift):
    return {"name": "LinearWarmup", "total_iters": 1, "shift": shift, "curve": curve}


def of_recipe(curve, lr=LR):
    """The plan of a recipe, as the command line reads it."""
    keys = {"epochs": EPOCHS, "lr": lr, "global_batch_size": BATCH, "curve": _toml(curve)}
    settings = [f"schedule.{key}={value}" for key, value in keys.items()]
    return plan_recipe(schedule_recipe([f"data.num_samples={N}", *settings]))


def of_python(curve, lr=LR):
    return compile_plan(Reference(EPOCHS, lr, BATCH, curve=curve), Growth(), N)


def _toml(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return repr(value).lower() if isinstance(value, bool) else repr(value)


BEGINS_AT_LR = [
    sequence(ONE_CYCLE, CONSTANT),
    sequence(CYCLIC, CONSTANT),
    sequence(CONSTANT, ONE_CYCLE),
    sequence(CONSTANT, CYCLIC, ONE_CYCLE, milestones=[2, 4]),
    sequence(sequence(CYCLIC, CONSTANT, milestones=[2]), CONSTANT),
    warmed(sequence(ONE_CYCLE, CONSTANT), shift=True),
    warmed(sequence(CYCLIC, CONSTANT), shift=False),
]


@pytest.mark.parametrize("curve", BEGINS_AT_LR)
def test_a_sequence_of_parts_that_begin_at_the_lr_is_what_the_python_face_compiles(curve):
    assert of_recipe(curve).phases == of_python(curve).phases


@pytest.mark.parametrize("face", [of_recipe, of_python])
@pytest.mark.parametrize("curve", [curve for curve in BEGINS_AT_LR if "schedulers" in curve])
def test_the_lr_that_a_hint_names_is_taken(face, curve):
    named = "OneCycleLR" if ONE_CYCLE in curve["schedulers"] else "CyclicLR"
    with pytest.raises(
        InputError, match=rf"{named}: .* at schedule.lr = 0.07, and .*{LR}"
    ) as caught:
        face(curve, 0.07)
    lr = caught.value.hint.removeprefix("set schedule.lr = ").partition(",")[0]
    assert face(curve, float(lr)).num_updates == of_python(curve).num_updates


@pytest.mark.parametrize("face", [of_recipe, of_python])
@pytest.mark.parametrize("wrap", [lambda curve: curve, lambda curve: warmed(curve, True)])
def test_a_sequence_in_a_chain_is_refused_for_being_one(face, wrap):
    """Not for a base learning rate of 1, at which a chain multiplies its curves."""
    chain = {"name": "ChainedScheduler", "schedulers": [CONSTANT, wrap(BEGINS_AT_LR[0])]}
    with pytest.raises(InputError, match=r"schedulers\[1\].name = .*: cannot be chained"):
        face(chain)


def test_a_curve_is_not_blamed_for_a_wrong_lr():
    with pytest.raises(InputError, match=r"schedule.lr = -1.0: must be a finite number above 0"):
        of_recipe(BEGINS_AT_LR[0], -1.0)


def test_a_curve_that_there_is_not_is_named_from_python_too():
    with pytest.raises(InputError, match=r"curve.name = 'SteplR': no such curve") as caught:
        of_python({"name": "SteplR"})
    assert caught.value.hint == 'did you mean "StepLR"?'


def test_a_live_sequence_gives_the_plan_of_the_written_one():
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=LR)
    parts = [
        lr_scheduler.OneCycleLR(optimizer, 25 * LR, total_steps=10, cycle_momentum=False),
        lr_scheduler.ConstantLR(optimizer, factor=1.0, total_iters=0),
    ]
    live = lr_scheduler_curve(lr_scheduler.SequentialLR(optimizer, parts, milestones=[4]), EPOCHS)
    held = [
        compile_plan(Reference(EPOCHS, LR, BATCH, curve=curve, hold="epoch"), Growth(), N)
        for curve in (live, sequence(ONE_CYCLE, CONSTANT))
    ]
    lrs = [[update.lr for update in plan.updates()] for plan in held]
    assert lrs[0] == pytest.approx(lrs[1], rel=1e-12)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("miles\x9b", r"schedule.curve.'miles\x9b'.name: is missing"),
        ("\x1b[2J", r"schedule.curve.'\x1b[2J'.name: is missing"),
        ("x" * 300, f"schedule.curve.{'x' * 80}….name: is missing"),
    ],
)
def test_a_place_is_named_so_that_a_terminal_shows_it(key, said):
    curve = {"name": "StepLR", "step_size": 1, key: {"gamma": 0.5}}
    with pytest.raises(InputError) as refused:
        check_curve(0.1, curve)
    assert refused.value.message == said

"""Whatever `import bsgrow` gives refuses a wrong argument in one sentence, with a hint."""

import inspect
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import numpy as np
import pytest
import torch
from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

import bsgrow
from bsgrow.errors import BsgrowError, InputError
from bsgrow.validation.kinds import UNCHECKED
from tests.integrations.plain.plans import Numbered, plan_of
from tests.trained.runs import FORMAT_1

PUBLISHED = {"epochs": 3, "lr": 0.1, "global_batch_size": 8}
RESULTS = {  # which are given, and not made by who uses them
    *("Arm", "BsgrowError", "Cut", "InputError", "LoopError", "Phase", "Plan", "Recipe"),
    *("RunFinished", "Update", "UpdateCut"),
}
ODD = [
    *(None, True, 3, 0, -1, 1.5, math.nan, math.inf, 1e308, 2**63, 2**64, 10**400, -(10**400)),
    *(
        "x",
        "0",
        "yes",
        b"x",
        Path("x"),
        [],
        [1],
        ["x"],
        (),
        range(0),
        {},
        {"a": 1},
        object(),
        print,
    ),
    *(np.int64(3), np.float32(0.5), np.bool_(True), np.zeros(3), torch.zeros(2)),
    torch.nn.Linear(1, 1),
]


def sgd():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)


def scheduler():
    return torch.optim.lr_scheduler.MultiStepLR(sgd(), [1, 2])


RIGHT = {
    "GrowingLR": lambda: {"optimizer": sgd(), "plan": plan_of()},
    "GrowingLoader": lambda: {"dataset": Numbered(), "plan": plan_of(), "micro_batch_size": 4},
    "Growth": dict,
    "Reference": PUBLISHED.copy,
    "RunningStatistics": lambda: {"model": torch.nn.Linear(1, 1)},
    "SampleIndex": lambda: {"sample": 1},
    "SampleStream": lambda: {"num_samples": 10, "seed": 0},
    "Share": dict,
    "compare": lambda: {"recipe": "digits", "out": "out"},
    "compile_plan": lambda: {
        "reference": bsgrow.Reference(**PUBLISHED),
        "growth": bsgrow.Growth(),
        "num_samples": 100,
    },
    "convert_batch_norm": lambda: {"model": torch.nn.BatchNorm2d(2), "ghost_batch_size": 4},
    "load_model": lambda: {"source": FORMAT_1},
    "load_recipe": lambda: {"name_or_path": "digits"},
    "plan_from_lr_scheduler": lambda: {
        "scheduler": scheduler(),
        "num_samples": 1000,
        "epochs": 3,
        "global_batch_size": 8,
    },
    "plan_recipe": lambda: {"recipe": bsgrow.load_recipe("digits")},
    "restore_batch_norm": lambda: {"model": torch.nn.BatchNorm2d(2)},
    "sample_rng": lambda: {"seed": 0, "epoch": 0, "sample": 0},
    "train": lambda: {"recipe": "digits"},
}
TAKING = [name for name in bsgrow.__all__ if callable(getattr(bsgrow, name))]
TAKING = [name for name in TAKING if name not in RESULTS]


def named_parameters(name):
    """Yield name and annotation of each argument that may be given by name."""
    called = getattr(bsgrow, name)
    method = called.__init__ if isinstance(called, type) else called
    if isinstance(called, type) and method is int.__init__:
        method = called.__new__
    annotations = get_type_hints(method, include_extras=True)
    for parameter in inspect.signature(called).parameters.values():
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            yield parameter.name, annotations[parameter.name]


def is_of(annotation, value):
    """Whether pydantic, which is strict, takes a value; None where that is not known."""
    if get_origin(annotation) is Annotated:
        annotation = None if UNCHECKED in get_args(annotation) else get_args(annotation)[0]
    if annotation in (None, object) or isinstance(value, np.generic | Callable):
        return None
    try:
        adapter = TypeAdapter(
            annotation, config=ConfigDict(strict=True, arbitrary_types_allowed=True)
        )
        adapter.validate_python(value)
    except ValidationError:
        return False
    except PydanticUserError:
        return None
    return True


@pytest.fixture(autouse=True)
def nothing_is_run(monkeypatch, tmp_path):
    def stop(*_, **__):
        raise InputError("a run would begin")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bsgrow.training.python_run.carry_out", stop)
    monkeypatch.setattr("bsgrow.reporting.python_comparison.carry_out", stop)


@pytest.mark.filterwarnings("ignore::UserWarning")  # DataLoader, of many workers
@pytest.mark.parametrize("name", TAKING)
def test_a_wrong_argument_is_refused_in_one_sentence_with_a_hint(name):
    for parameter, annotation in named_parameters(name):
        for value in ODD:
            refused = refusal(name, {parameter: value})
            if is_of(annotation, value) is False and not is_an_iterable_of(annotation, value):
                assert refused, (parameter, value)
                assert re.match(rf"(\w+\.)?{parameter}\b", refused.message), refused.message
                assert refused.hint, refused.message


def refusal(name, given):
    """Return the error that a call ends with; any other than one of ours is raised."""
    try:
        getattr(bsgrow, name)(**RIGHT[name]() | given)
    except BsgrowError as error:
        return error
    return None


def is_an_iterable_of(annotation, value):
    """Whether any number of items is asked for, and there is none that could be wrong."""
    is_asked_for = any(kind in str(annotation) for kind in ("Iterable", "Sequence"))
    return is_asked_for and isinstance(value, list | tuple | range) and not value


def test_all_that_takes_arguments_is_tried():
    assert set(TAKING) == set(RIGHT)


@pytest.mark.parametrize("name", TAKING)
def test_a_number_of_numpys_counts_as_one_of_pythons(name):
    numbers = {key: np.int32(each) for key, each in RIGHT[name]().items() if type(each) is int}
    assert refusal(name, numbers) is None or name in ("compare", "train")


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"num_workers": "2"}, "num_workers = '2': must be a whole number"),
        ({"num_workers": -1}, "DataLoader: num_workers option"),
        ({"pin_memory": "yes"}, "pin_memory = 'yes': must be True or False"),
        ({"persistent_workers": 1}, "persistent_workers = 1: must be True or False"),
        ({"prefetch_factor": 2}, "DataLoader: prefetch_factor option"),
        ({"workers": 2}, "workers = 2: torch.utils.data.DataLoader has no such argument"),
        ({"timeout": None}, "timeout = None: must be a number"),
        ({"batch_size": 4}, "batch_size: the plan decides that"),
        ({"in_order": False}, "in_order = False: would hand out"),
        ({"dataset": iter([])}, "dataset = list_iterator: is not map-style"),
        ({"dataset": []}, "dataset: has 0 samples, the plan is for 101"),
        ({"count": "tokens"}, "count: has shape"),
        ({"seed": -1}, "seed = -1: must be a whole number from 0 to"),
    ],
)
def test_what_a_dataloader_would_refuse_is_refused_alike(argument, message):
    refused = refusal("GrowingLoader", argument)
    assert refused.message.startswith(message)
    assert refused.hint

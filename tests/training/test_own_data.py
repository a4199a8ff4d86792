"""Any object with the face of a data set trains as those of the registry do."""

from dataclasses import dataclass
from typing import Any

import pytest

from bsgrow.data import load_dataset, load_encoded
from bsgrow.recipe import load_recipe, plan_recipe, resolve
from bsgrow.training.job import prepare
from bsgrow.training.loop import updates_made
from bsgrow.training.state import State
from tests.photo_folder import write_photographs

SMALL = [
    "run.device=cpu",
    "run.num_threads=1",
    "schedule.epochs=1",
    "schedule.curve={name='ConstantLR', factor=1.0}",
]
PHOTOGRAPHS = [
    *SMALL,
    "images.size=16",
    "model={name='wide_resnet', depth=10, width=1}",
    "schedule.global_batch_size=8",
    "run.ghost_batch_size=8",
    "data.num_samples=12",
]


@dataclass(frozen=True)
class Own:
    """What the protocol has, of a type of its own."""

    name: str
    train: Any
    test: Any
    num_samples: int
    num_classes: int
    image_shape: tuple[int, int, int] | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str


def own(dataset):
    return Own(**{field: getattr(dataset, field) for field in Own.__dataclass_fields__})


@pytest.mark.parametrize("kind", ["arrays", "encoded images"])
def test_a_data_set_of_another_type_trains_alike(kind, tmp_path):
    if kind == "arrays":
        recipe, dataset = load_recipe("digits", SMALL), load_dataset("digits")
    else:
        write_photographs(tmp_path, 6, 2)
        recipe, dataset = load_recipe("folder", PHOTOGRAPHS), load_encoded("folder", tmp_path)
    plan, recipe = plan_recipe(recipe), resolve(recipe, 1)
    assert weights(recipe, plan, own(dataset)) == weights(recipe, plan, dataset)


def weights(recipe, plan, dataset):
    job = prepare(recipe, plan, dataset)
    state = State.initial(job)
    updates = updates_made(job, state)
    next(updates)
    updates.close()
    return job.identity, [value.tolist() for value in state.model.parameters()]

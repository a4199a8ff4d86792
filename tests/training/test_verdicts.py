"""What `plan` accepts, `train` accepts: over the whole recipe, with values of every kind."""

from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.data.spec import ArraySpec
from bsgrow.errors import BsgrowError, InputError
from bsgrow.recipe import Recipe, load_recipe, plan_recipe
from bsgrow.recipe.section import table_type
from bsgrow.training import RunDirectory, carry_out, initial_model, run
from tests.drawn import num_cases
from tests.photo_folder import write_photographs

SHORT = [
    "schedule.epochs=0.2",
    "schedule.curve={name='MultiStepLR', milestones=[0.05, 0.1], gamma=0.25}",
    "growth.max_batch_size=140",
    "run.device=cpu",
    "run.num_threads=1",
]
NOT_OF_A_PLAN = (  # what it says in a note, or cannot know: it has no machine, model or file
    "model.freeze = ",
    "model.weights = ",
    "optimizer.decay_exempt = ",
    "run.world_size = ",
    "run.device = 'cuda",
    "run.compile = true: the step cannot be compiled",
)


def keys():
    """Every key of the recipe, and those of a model."""
    for name in Recipe.model_fields:
        table = table_type(Recipe, name)
        if is_dataclass(table):
            yield from (f"{name}.{field.name}" for field in fields(table))
        else:
            yield from (f"{name}.{key}" for key in getattr(table, "model_fields", {}))
    yield from ("model.depth", "model.width", "model.zero_init_residual", "nonsense")


NUMBERS = [0, 1, 3, 10, 16, 64, 1025, 10**9, 2**31, 2**32, 2**53, 2**63, 2**64 - 1, 2**64, 10**400]
TEXTS = [
    "auto",
    "N/10",
    "cuda:99",
    "tpu",
    "adam",
    "hybrid",
    "tokens",
    "samples",
    "é☃",
    "\\ud800",
    "",
]
TEXTS += ["digits", "folder", "imagenet", "/nowhere", "wide_resnet", "resnet50", "none"]
scalars = st.one_of(
    st.sampled_from(NUMBERS).flatmap(lambda number: st.sampled_from([number, -number])),
    st.floats().map(repr),
    st.sampled_from([1e-300, 1e-40, 0.1, 1e39, 1e300, 1.7e308]),
    st.sampled_from(["true", "false", "{}", "[]", "{name='x'}"]),
    st.sampled_from(TEXTS).map(lambda text: f"'{text}'"),
)
lists = st.lists(scalars, max_size=3).map(lambda items: f"[{', '.join(map(str, items))}]")


@pytest.fixture(autouse=True)
def _stopped_before_the_first_update(monkeypatch):
    monkeypatch.setattr(ArraySpec, "fetch", cache(ArraySpec.fetch))
    monkeypatch.setattr(run, "train_job", lambda *job, **told: None)
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)


def refusal(do):
    """Return what is said against a recipe, None where it is accepted."""
    try:
        do()
    except BsgrowError as error:
        return error.message
    return None


def train(overrides, folder):
    directory = RunDirectory(folder / "run")
    recipe = load_recipe("digits", overrides)
    carry_out(recipe, directory, resume=False, on_event=print, should_stop=lambda: False)


@settings(max_examples=num_cases(100))
@given(key=st.sampled_from(sorted(keys())), value=scalars | lists)
def test_plan_and_train_say_the_same(key, value, tmp_path_factory):
    overrides = [*SHORT, f"{key}={value}"]
    planned = refusal(lambda: plan_recipe(load_recipe("digits", overrides)))
    trained = refusal(lambda: train(overrides, tmp_path_factory.mktemp("run")))
    assert planned == trained or (planned is None and trained.startswith(NOT_OF_A_PLAN))


def test_a_data_set_that_is_only_planned_is_none_to_train_on(tmp_path):
    overrides = ["data={name='mine', num_samples=1000}", "growth.max_batch_size=100"]
    assert plan_recipe(load_recipe("digits", overrides)).num_samples == 1000
    with pytest.raises(InputError, match=r"data\.name = 'mine': no such"):
        train(overrides, tmp_path)


@pytest.mark.parametrize("epochs", ["1.7e308", "1e16", "5e9"])
def test_more_epochs_than_the_stream_numbers(epochs):
    with pytest.raises(InputError, match=r"schedule.epochs = .*: (at most 2|of 1437 samples)"):
        plan_recipe(load_recipe("digits", [f"schedule.epochs={epochs}"]))


def test_a_model_that_does_not_fit_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(initial_model, "build_model", lambda *model, **given: torch.empty(2**50))
    with pytest.raises(
        BsgrowError, match=r"out of memory, with run\.micro_batch_size = 256: "
    ) as caught:
        train(SHORT, tmp_path)
    assert "run.micro_batch_size" in caught.value.hint
    assert not Path(tmp_path / "run").exists()


def test_buffers_that_do_not_fit_in_memory(tmp_path, monkeypatch):
    monkeypatch.undo()
    write_photographs(tmp_path / "photographs", 2, 1)
    given = ["images.size=65536", "model.depth=10", "model.width=1", "schedule.epochs=90"]
    recipe = load_recipe("folder", [f"data.path={tmp_path}/photographs", "run.device=cpu", *given])
    assert plan_recipe(recipe).num_samples == 4  # how much memory there is, only the machine says
    directory = RunDirectory(tmp_path / "run")
    with pytest.raises(BsgrowError, match=r"out of memory, with run\.micro_batch_size = 256: "):
        carry_out(recipe, directory, resume=False, on_event=print, should_stop=lambda: False)

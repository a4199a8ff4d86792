"""Updates of augmented samples are the same on any number of ranks, and where a run goes on."""

from dataclasses import replace
from math import prod

import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from bsgrow.errors import InputError
from bsgrow.recipe import changed_keys, load_recipe, plan_recipe
from bsgrow.training import compiled as compiled_module
from bsgrow.training import initial_model
from bsgrow.training.checkpoint.checkpoint import save_checkpoint
from bsgrow.training.group.process_group import ALONE
from bsgrow.training.job import prepare, share_of
from bsgrow.training.loaders import loader_of
from bsgrow.training.state import State
from bsgrow.training.updates import updates_made
from tests.training.ranks import Ranks

ALL = [
    "augment.rand_augment=2",
    "augment.contrast=0.5",
    "augment.erase=0.5",
    "augment.mixup=0.2",
    "augment.cutmix=1.0",
]
SHORT = [
    f"schedule.epochs={4 * 46 / 1437}",
    "schedule.global_batch_size=46",
    "schedule.curve={name='ConstantLR', factor=1.0}",
    "growth.mode=decay",
    "run.ghost_batch_size=8",
    "run.device=cpu",
]


def one_layer(name, arguments, *, num_classes, form, **others):
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(form.shape), num_classes))


@pytest.fixture(autouse=True)
def small_model(monkeypatch):
    monkeypatch.setattr(initial_model, "build_model", one_layer)


def job_with(*overrides):
    recipe = load_recipe("digits", [*SHORT, *overrides])
    return prepare(recipe, plan_recipe(recipe))


def of_rank(job, group):
    share = share_of(job.recipe, group)
    loader = loader_of(job.recipe, job.dataset, job.device, job.precision, share)
    return replace(job, loader=loader, group=group)


def trained(job, state, num_updates=4):
    state.model.train()
    for update, _ in updates_made(job, state):
        if update.index + 1 == num_updates:
            break
    return parameters_to_vector(state.model.parameters()).detach()


def test_a_run_that_goes_on_ends_with_the_same_bits(tmp_path):
    job = job_with(*ALL, "run.micro_batch_size=16")
    expected = trained(job, State.initial(job))
    state = State.initial(job)
    trained(job, state, 2)
    path = save_checkpoint(tmp_path, job.identity, state.position(), state.model, state.optimizer)
    again = State.initial(job)
    again.restore(path, job)
    assert torch.equal(trained(job, again), expected)
    plain = job_with("run.micro_batch_size=16")
    assert not torch.allclose(trained(plain, State.initial(plain)), expected, rtol=1e-3)


@pytest.mark.parametrize(("world_size", "micro_batch_size"), [(1, 8), (3, 16)])
def test_no_cut_changes_the_weights_but_by_rounding(world_size, micro_batch_size):
    whole = job_with(*ALL, "run.micro_batch_size=48")
    expected = trained(whole, State.initial(whole))
    job, ranks = job_with(*ALL, f"run.micro_batch_size={micro_batch_size}"), Ranks(world_size)
    jobs = [of_rank(job, group) for group in ([ALONE] if world_size == 1 else ranks.groups)]
    states = [State.initial(each) for each in jobs]
    for weights in ranks.run(lambda rank: trained(jobs[rank], states[rank])):
        torch.testing.assert_close(weights, expected)


def test_labels_that_are_shares_compile_to_one_graph(monkeypatch):
    monkeypatch.setattr(compiled_module, "_BACKEND", "aot_eager")
    job = job_with(*ALL, "run.compile=true", "run.micro_batch_size=16")
    expected = trained(job, State.initial(job))
    state = State.initial(job)
    state.warm_up(job, [16, 14])
    with torch.compiler.set_stance("fail_on_recompile"):
        torch.testing.assert_close(trained(job, state), expected)


def test_a_sample_alone_in_its_ghost_batch_has_no_partner():
    alone = load_recipe("digits", ["augment.cutmix=1.0", "run.ghost_batch_size=1"])
    with pytest.raises(InputError, match=r"augment\.cutmix = 1\.0: has no effect") as caught:
        plan_recipe(alone)
    assert "run.ghost_batch_size = 2" in caught.value.hint


@pytest.mark.parametrize("key", ["rand_augment", "brightness", "erase", "mixup", "cutmix"])
def test_each_makes_another_run(key):
    before, after = load_recipe("digits"), load_recipe("digits", [f"augment.{key}=1"])
    assert changed_keys(before, after) == {f"augment.{key}": (0.0, 1.0)}

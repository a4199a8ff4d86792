"""Averaged weights: which numbers they are, and that the run is judged, kept and left by them."""

import pytest
import torch
from torch import nn

from bsgrow.errors import InputError
from bsgrow.models.conversion import convert_batch_norm
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.training import RunDirectory, read_events
from bsgrow.training.averaged import Averaged
from bsgrow.training.decisions import Decisions
from bsgrow.training.evaluate import evaluate
from bsgrow.training.events.events import Evaluated
from bsgrow.training.job import prepare
from bsgrow.training.loop import train_job
from bsgrow.training.loss_guard import LossGuard
from bsgrow.training.observers import evaluate_on_test
from bsgrow.training.state import State
from bsgrow.training.updates import updates_made
from tests.training.ranks import Ranks, job_of

DECAY, FIRST = 0.8, 48
GROWING = [
    "model={name='convnet', width=2, hidden=4}",
    f"schedule.global_batch_size={FIRST}",
    "schedule.epochs=0.4",
    "schedule.curve.milestones=[0.1, 0.2]",
    "growth.max_batch_size=150",
    "run.ghost_batch_size=16",
    "run.micro_batch_size=64",
    "run.device=cpu",
    "run.checkpoint_every_seconds=1e6",
]
ON = f"optimizer.ema_decay={DECAY}"


def job_with(*settings):
    recipe = load_recipe("digits", [*GROWING, *settings])
    return prepare(recipe, plan_recipe(recipe))


def tensors(model):
    return {name: value.double().clone() for name, value in model.state_dict().items()}


@pytest.fixture(scope="module")
def trained():
    """A state after all updates of a growing plan; the tensors before the first, after each."""
    job = job_with(ON)
    state = State.initial(job)
    assert state.averaged_model is not None
    states, sizes = [tensors(state.model)], []
    for update, _ in updates_made(job, state):
        states.append(tensors(state.model))
        sizes.append(update.global_batch_size)
    assert len(set(sizes)) == 3
    return job, state, states, sizes


def test_it_is_the_mean_of_the_weights_by_the_samples_since(trained):
    _, state, states, sizes = trained
    decays = [DECAY ** (size / FIRST) for size in sizes]
    left, shares = 1.0, list[float]()
    for decay in reversed(decays):
        shares.insert(0, left * (1 - decay))
        left *= decay
    shares.insert(0, left)
    assert sum(shares) == pytest.approx(1)
    assert left == pytest.approx(DECAY ** (sum(sizes) / FIRST)), "by samples, however they are cut"
    for name, found in tensors(state.averaged_model).items():
        parts = [share * each[name] for share, each in zip(shares, states, strict=True)]
        is_count = name.endswith("num_batches_tracked")
        expected = states[-1][name] if is_count else torch.stack(parts).sum(dim=0)
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_the_run_is_judged_by_it(trained):
    job, state, *_ = trained
    tested = evaluate_on_test(job, state, Decisions())
    assert tested == evaluate(state.averaged_model, job.loader.evaluation()).mean()
    assert tested.loss != evaluate(state.model, job.loader.evaluation()).mean().loss


def test_it_changes_nothing_of_the_training(trained):
    _, state, *_ = trained
    off = State.initial(job := job_with())
    list(updates_made(job, off))
    assert off.averaged is None
    for name, value in off.model.state_dict().items():
        assert torch.equal(value, state.model.state_dict()[name])
    assert "averaged" not in off.content(job.identity, off.position())


def test_every_process_has_the_same(trained):
    job, alone, *_ = trained
    ranks = Ranks(2)
    jobs = [job_of(job, group) for group in ranks.groups]
    states = [State.initial(each) for each in jobs]
    ranks.run(lambda rank: list(updates_made(jobs[rank], states[rank])))
    one, other = (state.averaged_model.state_dict() for state in states)
    for name, value in one.items():
        assert torch.equal(value, other[name])
        torch.testing.assert_close(value, alone.averaged_model.state_dict()[name])


@pytest.mark.parametrize("refused", [0.0, 1.0])
def test_an_update_that_the_device_refuses_leaves_it_to_the_bit(refused):
    torch.manual_seed(0)
    averaged = Averaged(model := nn.Linear(3, 2), 0.9, 1)
    before = tensors(averaged.module)
    with torch.no_grad():
        model.weight.add_(1)
    averaged.take(1, torch.tensor(refused))
    assert torch.equal(averaged.module.weight.double(), before["weight"]) == bool(refused)
    step = averaged.module.weight - before["weight"]
    torch.testing.assert_close(step, torch.full((2, 3), 0.1 * (1 - refused)).double())
    assert torch.equal(averaged.module.bias.double(), before["bias"])


def test_a_run_that_diverges_on_a_device_ends_with_that_before():
    job = job_with(ON)
    state = State.initial(job)
    state.guard = LossGuard(state.optimizer, job.device, defers=True)
    updates = updates_made(job, state)
    next(updates)
    before = tensors(state.averaged_model)
    hook = state.model.register_forward_hook(lambda module, inputs, logits: logits * torch.nan)
    next(updates)
    hook.remove()
    next(updates)
    assert all(torch.equal(v, before[name]) for name, v in tensors(state.averaged_model).items())


def test_what_is_frozen_shared_or_replaced():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = nn.Linear(2, 2, bias=False)
            self.two = nn.Linear(2, 2, bias=False)
            self.two.weight = self.one.weight
            self.register_buffer("level", torch.zeros(()))
            self.register_buffer("cache", torch.zeros(1), persistent=False)

    averaged = Averaged(model := Odd(), 0.5, 10)
    start = model.one.weight.detach().clone()
    model.level, model.cache = model.level + 1, torch.ones(7)
    with torch.no_grad():
        model.one.weight.add_(1)
    averaged.take(20)
    module = averaged.module
    assert module.two.weight is module.one.weight
    torch.testing.assert_close(module.one.weight, start + 0.75)
    assert module.level == 0.75
    assert len(module.cache) == 1


def test_norms_of_a_model_of_ones_own_await_no_step_in_it():
    model = convert_batch_norm(nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)), 4)
    averaged = Averaged(model, 0.9, 4)
    assert type(averaged.module[1]) is nn.BatchNorm2d
    assert not averaged.module.training
    assert model.training
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model(torch.randn(8, 1, 2, 2)).sum().backward()
    optimizer.step()
    averaged.take(4)
    expected = 0.1 * model[1].running_mean
    torch.testing.assert_close(averaged.module[1].running_mean, expected)
    assert averaged.module[1].num_batches_tracked == model[1].num_batches_tracked == 2


def test_a_model_that_cannot_be_copied_is_refused():
    model = nn.Linear(2, 2)
    model.last = model(torch.zeros(1, 2))
    with pytest.raises(
        InputError, match=r"optimizer\.ema_decay = 0\.9: the model cannot be copied"
    ):
        Averaged(model, 0.9, 1)


def test_the_events_and_the_best_checkpoint_are_of_it(tmp_path):
    job = job_with(ON, "run.evaluate_every_epochs=0.2")
    state, directory = State.initial(job), RunDirectory(tmp_path / "run")
    directory.path.mkdir()
    finished = train_job(job, state, directory, on_event=lambda event: None)
    tested = evaluate(state.averaged_model, job.loader.evaluation()).mean()
    last = [e for e in read_events(directory.events) if isinstance(e, Evaluated)][-1]
    assert (last.test_loss, last.test_accuracy) == tested
    assert (finished.test_loss, finished.test_accuracy) == tested

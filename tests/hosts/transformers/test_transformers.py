"""The Trainer of transformers makes the plan's updates."""

import math
from importlib.metadata import version

import pytest

from bsgrow.integrations.transformers import GrowingTrainer
from tests.hosts.forked import preload, run_ranks
from tests.hosts.reference import CLIPPED, NUM_SAMPLES, PLAN, Samples, reference_run, require_same
from tests.hosts.transformers.runs import (
    Network,
    Overriding,
    arguments_of,
    train,
    train_rank,
    trainer_of,
)
from tests.training.processes import Killed

preload("tests.hosts.transformers.runs")
REFERENCE = reference_run()


@pytest.mark.parametrize(("size", "workers"), [(8, 0), (6, 0), (6, 1)])
def test_every_update_is_that_of_a_plain_loop(tmp_path, size, workers):
    changed = {"per_device_train_batch_size": size, "dataloader_num_workers": workers}
    require_same([train(tmp_path, **changed)], REFERENCE)


def test_an_update_is_clipped_as_a_whole(tmp_path):
    require_same([train(tmp_path, max_grad_norm=CLIPPED)], reference_run(clip=CLIPPED))


def test_a_loss_of_a_derived_class_is_weighed_too(tmp_path):
    require_same([train(tmp_path, kind=Overriding)], REFERENCE)


def test_what_it_counts_and_logs_is_of_updates(tmp_path):
    trainer = trainer_of(tmp_path, logging_steps=1)
    found = trainer.train()
    state = trainer.state
    assert (found.global_step, state.max_steps) == (PLAN.num_updates, PLAN.num_updates)
    assert state.num_train_epochs == 3
    steps = [each for each in state.log_history if "loss" in each]
    assert [each["learning_rate"] for each in steps] == [u.lr for u in PLAN.updates()]
    epochs = [update.stop / NUM_SAMPLES for update in PLAN.updates()]
    assert [each["epoch"] for each in steps] == pytest.approx(epochs, abs=1e-3)
    mean = sum(each["loss"] for each in steps) / len(steps)
    assert found.training_loss == pytest.approx(mean, abs=1e-3)
    second = found.metrics["train_runtime"] * found.metrics["train_samples_per_second"]
    assert second == pytest.approx(PLAN.num_total_samples, rel=0.05)


def test_it_saves_at_the_end_of_each_epoch(tmp_path):
    train(tmp_path, save_strategy="epoch")
    saved = sorted(int(path.name.partition("-")[2]) for path in tmp_path.glob("checkpoint-*"))
    ends = [PLAN.at(n * NUM_SAMPLES).index + 1 for n in (1, 2)]
    assert saved == [*ends, PLAN.num_updates]


def test_arguments_can_be_used_for_another_plan(tmp_path):
    arguments = arguments_of(tmp_path)
    trainer = GrowingTrainer(Network(), arguments, plan=PLAN, train_dataset=Samples())
    assert trainer.args.max_steps == PLAN.num_updates
    assert arguments.max_steps == -1


def test_fewer_steps_may_be_made(tmp_path):
    run = train(tmp_path, max_steps=9)
    assert list(run.samples) == list(range(9))


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The checkpoints of two processes that were killed in the middle of an update."""
    folder = tmp_path_factory.mktemp("killed")
    assert run_ranks(2, train_rank, str(folder), None, 17) == [Killed(9)] * 2
    return folder


# On the CPU, transformers 4 loads no checkpoint in several processes: torch knows no "cpu:0".
AS_MANY = 2 if version("transformers") >= "5" else 1


# In the middle of an epoch and at the end of the first, in one process and in as many.
@pytest.mark.parametrize(("step", "world", "size"), [(3, 1, 8), (11, 1, 6), (16, AS_MANY, 3)])
def test_a_run_that_was_killed_goes_on(killed, tmp_path, step, world, size):
    checkpoint = str(killed / f"checkpoint-{step}")
    runs = run_ranks(world, train_rank, str(tmp_path), checkpoint, None, size)
    require_same(runs, REFERENCE.since(step))


def test_two_processes_make_the_updates_of_one(tmp_path):
    runs = run_ranks(2, train_rank, str(tmp_path))
    require_same(runs, REFERENCE)
    assert (runs[0].weights == runs[1].weights).all()


def test_a_run_goes_on_to_the_bit(killed, tmp_path):
    rest = train(tmp_path, resume=str(killed / "checkpoint-16"))
    again = train(tmp_path, resume=str(killed / "checkpoint-16"))
    assert (rest.weights == again.weights).all()
    assert math.isclose(rest.state.epoch, 3.0)

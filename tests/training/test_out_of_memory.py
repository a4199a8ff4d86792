"""Where memory is exhausted on one rank, all halve the micro-batch and make the update again."""

import pytest
import torch

from bsgrow.cli.live import display
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.training import RunDirectory, read_events
from bsgrow.training.compiled import count_micro_batches, sizes_to_compile
from bsgrow.training.decisions import EndedElsewhereError
from bsgrow.training.events.made_again import MicroBatchHalved
from bsgrow.training.group.process_group import ALONE
from bsgrow.training.job import prepare
from bsgrow.training.loop import train_job
from bsgrow.training.memory import is_out_of_memory
from bsgrow.training.state import State
from bsgrow.training.step import summed_loss
from tests.training.ranks import Ranks, job_of

GHOST, FAILS = 8, 2  # samples; index of the update
SHORT = [
    f"schedule.epochs={5 * 96 / 1437}",
    "schedule.global_batch_size=96",
    "growth.mode=decay",
    "schedule.curve={name='ConstantLR', factor=1.0}",
    f"run.ghost_batch_size={GHOST}",
    "run.micro_batch_size=32",
    "run.device=cpu",
    "run.checkpoint_every_seconds=1e6",
]
ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        *((error, True) for error in ERRORS),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be …"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"), True),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), False),
    ],
)
def test_what_counts_as_memory_that_is_exhausted(error, expected):
    assert is_out_of_memory(error) == expected


def job_and_states(world_size):
    recipe = load_recipe("digits", SHORT)
    whole = prepare(recipe, plan_recipe(recipe))
    ranks = Ranks(world_size)
    jobs = [job_of(whole, group) for group in ([ALONE] if world_size == 1 else ranks.groups)]
    return ranks, jobs, [State.initial(job) for job in jobs]


def train(folder, world_size, error=None, most=0):
    """Train on ranks, the last of which has no memory for more than so many samples."""
    ranks, jobs, states = job_and_states(world_size)
    last = states[-1]

    def forward(model, images, *arguments):
        if last.num_updates == FAILS and len(images) > most:
            raise error
        return summed_loss(model, images, *arguments)

    if error is not None:
        last.forward = forward
    folder.mkdir()

    def part(rank):
        directory = RunDirectory(folder, rank)
        return train_job(jobs[rank], states[rank], directory, on_event=lambda event: None)

    return ranks.run(part), jobs, states


def halvings(folder, world_size):
    paths = [RunDirectory(folder, rank).events for rank in range(world_size)]
    return [[e for e in read_events(path) if isinstance(e, MicroBatchHalved)] for path in paths]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("world_size", [1, 3])
@pytest.mark.parametrize(("most", "sizes"), [(16, [16]), (8, [16, 8])])
def test_the_update_is_made_again_on_all(tmp_path, monkeypatch, error, world_size, most, sizes):
    warmed_up = []
    monkeypatch.setattr(State, "warm_up", lambda state, job, sizes: warmed_up.append((job, sizes)))
    results, jobs, states = train(tmp_path / "run", world_size, error, most)
    _, _, expected = train(tmp_path / "whole", world_size)
    assert {result.num_updates for result in results} == {jobs[0].plan.num_updates}
    for events in halvings(tmp_path / "run", world_size):
        assert [(e.num_updates, e.micro_batch_size) for e in events] == [(FAILS, n) for n in sizes]
        assert all("memory" in event.reason and "\n" not in event.reason for event in events)
    for job, state, whole in zip(jobs, states, expected, strict=True):
        assert job.micro_batch_size == sizes[-1]
        for ours, theirs in zip(
            state.model.state_dict().values(), whole.model.state_dict().values(), strict=True
        ):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    for job in jobs:
        *_, chosen = [sizes for each, sizes in warmed_up if each is job]
        assert chosen == sizes_to_compile(count_micro_batches(job.plan, job.share, sizes[-1]))


def test_it_is_shown(capsys):
    with display() as show:
        show(MicroBatchHalved(3, 16, "rank 1: CUDA out of memory"))
    shown = " ".join(capsys.readouterr().err.split())
    assert "rank 1: CUDA out of memory; going on in micro-batches of 16" in shown


@pytest.mark.parametrize("world_size", [1, 3])
def test_where_a_single_ghost_batch_is_too_much_the_run_ends(tmp_path, world_size):
    results, _, states = train(tmp_path / "run", world_size, ERRORS[0], most=0)
    assert results[-1] is ERRORS[0]
    for result in results[:-1]:
        assert isinstance(result, EndedElsewhereError)
        assert result.message.startswith("rank 2: OutOfMemoryError: CUDA out of memory")
    assert [state.num_updates for state in states] == [FAILS] * world_size
    for events in halvings(tmp_path / "run", world_size):
        assert [event.micro_batch_size for event in events] == [16, 8]

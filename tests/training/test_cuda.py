"""The same recipe on a CUDA device; skipped where there is none."""

import gc
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import torch

from bsgrow.data import load_dataset
from bsgrow.loading import ArrayLoader, LoaderSettings, micro_batches_of
from bsgrow.native import Augment
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.schedule import Update
from bsgrow.training import InterruptedRunError, RunDirectory, carry_out, read_events
from bsgrow.training.checkpoint.host_copy import HostCopy
from bsgrow.training.events.events import Evaluated
from bsgrow.training.job import prepare
from bsgrow.training.measuring import tried
from bsgrow.training.state import State
from bsgrow.training.updates import updates_made
from tests.forbidden_waits import forbidden_to_wait

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

SHORT = [
    "run.device=cuda",
    "schedule.epochs=4",
    "schedule.curve.milestones=[1, 2, 3]",
    "run.micro_batch_size=64",
]


def batches(device, sizes=(100, 300, 1000)):
    settings = LoaderSettings(
        64,
        torch.device(device),
        seed=3,
        augment=Augment(pad=1),
        dtype=torch.bfloat16,
        memory_format=torch.channels_last,
    )
    loader = ArrayLoader(load_dataset("digits"), settings)
    edges = [0, *torch.tensor(sizes).cumsum(0).tolist()]
    updates = [Update(k, edges[k], edges[k + 1], 0.1, 0.9) for k in range(len(sizes))]
    return micro_batches_of(loader, updates)


def test_the_stream_is_the_same_on_both_devices():
    for ours, reference in zip(batches("cuda"), batches("cpu"), strict=True):
        assert ours.images.is_cuda
        assert ours.images.is_contiguous(memory_format=torch.channels_last)
        assert (ours.start, ours.stop) == (reference.start, reference.stop)
        assert torch.equal(ours.images.cpu(), reference.images)
        assert torch.equal(ours.labels.cpu(), reference.labels)


def test_a_run_learns_and_goes_on_from_its_checkpoint(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    calls = iter(range(10_000))
    recipe = load_recipe("digits", SHORT)
    events = []
    with pytest.raises(InterruptedRunError):
        carry_out(
            recipe,
            directory,
            resume=False,
            on_event=events.append,
            should_stop=lambda: next(calls) == 100,
        )
    finished = carry_out(
        recipe, directory, resume=True, on_event=events.append, should_stop=lambda: False
    )
    losses = [e.train_loss for e in read_events(directory.events) if isinstance(e, Evaluated)]
    assert losses[-1] < 0.5 * losses[0]
    assert finished.consumed_samples == 4 * 1437
    assert Path(finished.out) == directory.path


@pytest.mark.parametrize(
    "settings",
    [
        ["optimizer.clip_norm=1.0", "optimizer.ema_decay=0.99"],
        ["optimizer={name='adamw', weight_decay=0.05, ema_decay=0.99}", "growth.rule=sqrt"],
    ],
    ids=["sgd", "adamw"],
)
def test_a_growing_run_waits_for_nothing(settings):
    """Nor where constants of the optimizer and the average of the weights go with the batch."""
    recipe = load_recipe("digits", [*SHORT, *settings])
    job = prepare(recipe, plan_recipe(recipe))
    state = State.initial(job)
    state.model.train()
    with closing(updates_made(job, state)) as updates:
        next(updates)  # libraries are loaded
        with forbidden_to_wait():
            sizes = {update.global_batch_size for update, _ in updates}
    assert len(sizes) > 2
    assert state.num_updates == job.plan.num_updates


def test_trials_find_a_micro_batch_that_fits_and_leave_no_trace():
    recipe = load_recipe("digits", [*SHORT[:-1], "run.micro_batch_size=auto"])
    job = prepare(recipe, plan_recipe(recipe))
    state = State.initial(job)
    before = [each.clone() for each in state.model.state_dict().values()]
    tried(job, state, [64])  # libraries take memory, and keep it
    allocated = torch.cuda.memory_allocated()
    with at_most_as_much_more(1 << 28):
        trials = tried(job, state, [64, 1 << 18])
    gc.collect()
    assert torch.cuda.memory_allocated() == allocated
    assert trials[0].seconds
    assert trials[1].seconds is None
    assert all(map(torch.equal, state.model.state_dict().values(), before))
    assert all(each.grad is None for each in state.model.parameters())


@contextmanager
def at_most_as_much_more(num_bytes):
    """Let torch take no more memory of the device than so much beside what it has."""
    torch.cuda.empty_cache()
    _, total = torch.cuda.mem_get_info()
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + num_bytes) / total)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_device_memory_does_not_grow_with_the_batch(tmp_path):
    peaks = []
    for name, batch in (("small", 64), ("large", 1437)):
        torch.cuda.reset_peak_memory_stats()
        settings = [*SHORT, "growth.mode=decay", f"schedule.global_batch_size={batch}"]
        settings.append(f"growth.max_batch_size={batch}")
        carry_out(
            load_recipe("digits", settings),
            RunDirectory(tmp_path / name),
            resume=False,
            on_event=lambda event: None,
            should_stop=lambda: False,
        )
        peaks.append(torch.cuda.max_memory_allocated())
    assert peaks[1] < 1.1 * peaks[0]


def test_a_checkpoint_is_copied_as_the_weights_were_when_it_was_taken():
    image = torch.arange(48.0, device="cuda").reshape(2, 2, 3, 4)
    image = image.to(memory_format=torch.channels_last)
    expected, copy = image.cpu(), HostCopy()
    for _ in range(2):
        copied = copy.take({"x": image, "step": torch.tensor(3.0)})
        image.add_(1)
        assert torch.equal(copied["x"], expected)
        assert copied["x"].is_pinned()
        assert copied["x"].stride() == image.stride()
        image.sub_(1)

"""``run.micro_batch_size = "auto"``: sizes of micro-batch tried on the device before the run."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import perf_counter

import torch
from torch import Tensor, nn

from bsgrow.training.checkpoint.optimizer_state import momenta_before, state_forms
from bsgrow.training.compiled import left_as_it_was, pass_blanks
from bsgrow.training.decisions import Decisions
from bsgrow.training.job import Job
from bsgrow.training.memory import is_out_of_memory
from bsgrow.training.micro_batch_size import Trial, candidates, chosen
from bsgrow.training.state import State

# Of all sizes in turn, after a pass of each that warms up. The fastest pass of a size counts, as
# what else runs on a machine can only slow one.
_NUM_ROUNDS = 3
_SECONDS = 60.0  # of all trials together, that the next one must not be likely to exceed
_RESERVE = 0.1  # of a device's memory: fragmentation, and what others take of it
_HOST_SHARE = 0.5  # of the host's free memory, which the loader and others need too
_BACKWARD = 2  # bytes at the peak for each that the forward pass keeps: gradients, and scratch


def find_micro_batch_size(job: Job, state: State, decisions: Decisions) -> None:
    """Let a job that leaves the size of its micro-batches open have the one that is measured.

    All processes measure, and take the smallest that one of them has found. The state stays what it
    is, to the bit.

    Raises:
        EndedElsewhereError: another process has failed.
        LostProcessError: another process does not answer.
    """
    if job.recipe.run.micro_batch_size != "auto":
        return
    sizes = candidates(job.plan, job.recipe.ghost_batch_size, job.group.world_size)
    trials = decisions.together(partial(tried, job, state, sizes))
    job.take_micro_batch_size(min(job.group.gather(chosen(trials))), trials)


def tried(
    job: Job, state: State, sizes: Sequence[int], now: Callable[[], float] = perf_counter
) -> list[Trial]:
    """Pass blank micro-batches of rising sizes forward and backward, as long as there is room.

    The step is not compiled, whether or not the run's is: that would take minutes.

    Args:
        job: gives device, precision and shape of the images.
        state: whose model is tried; it stays as it is.
        sizes: rising; one at least is tried.
        now: the clock, in seconds.
    """
    to_come = state_bytes(job, state)
    with left_as_it_was(state.model, job.device):
        trials = _first_passes(job, state.model, sizes, to_come, now)
        for _ in range(_NUM_ROUNDS):
            trials = [_passed_again(job, state.model, each, now) for each in trials]
    return trials


def state_bytes(job: Job, state: State) -> int:
    """Return what an optimizer that has made no step will remember of the parameters, in bytes."""
    forms = state_forms(state.optimizer, momenta_before(job.plan, job.plan.num_updates))
    return sum(form.num_bytes for of_one in forms for form in of_one.values())


def _first_passes(
    job: Job, model: nn.Module, sizes: Sequence[int], to_come: int, now: Callable[[], float]
) -> list[Trial]:
    trials, num_bytes = list[Trial](), 0
    for size in sizes:
        if trials and not (has_time(trials, size) and _has_room(job, num_bytes, trials, size)):
            break
        trial, num_bytes = _first_pass(job, model, size, to_come, now)
        trials.append(trial)
        if trial.seconds is None:
            break
    return trials


def has_time(trials: Sequence[Trial], size: int) -> bool:
    """Whether a size, if it is no faster than the last one, can be tried within a minute of all."""
    seconds = [each.seconds or 0.0 for each in trials]
    expected = seconds[-1] * size / trials[-1].size
    return (1 + _NUM_ROUNDS) * (sum(seconds) + expected) <= _SECONDS


def _has_room(job: Job, num_bytes: int, trials: Sequence[Trial], size: int) -> bool:
    """Whether a size is likely to fit beside what the host has; on CUDA a trial shows it."""
    if job.device.type == "cuda":
        return True
    expected = num_bytes * size / trials[-1].size * _BACKWARD
    return expected <= _free_on_host() * _HOST_SHARE


def _first_pass(
    job: Job, model: nn.Module, size: int, to_come: int, now: Callable[[], float]
) -> tuple[Trial, int]:
    """Return a trial, and the bytes that its forward pass keeps for the backward pass."""
    try:
        with _counting_bytes() as kept:
            seconds = _seconds(partial(pass_blanks, job, model, size), job.device, now)
        fits = _has_reserve(job.device, to_come)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return Trial(size, None), 0
    finally:
        if job.device.type == "cuda":
            torch.cuda.empty_cache()
    return Trial(size, seconds if fits else None), sum(kept.values())


def _passed_again(job: Job, model: nn.Module, trial: Trial, now: Callable[[], float]) -> Trial:
    if trial.seconds is None:
        return trial
    seconds = _seconds(partial(pass_blanks, job, model, trial.size), job.device, now)
    return trial._replace(seconds=min(trial.seconds, seconds))


def _seconds(work: Callable[[], None], device: torch.device, now: Callable[[], float]) -> float:
    _wait_for(device)
    begun = now()
    work()
    _wait_for(device)
    return now() - begun


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _has_reserve(device: torch.device, to_come: int) -> bool:
    """Whether some of a device is free while torch holds what a trial took at its peak.

    Beside the bytes that are still to come, as a first step makes them, which cannot be made again
    with a smaller micro-batch.
    """
    if device.type != "cuda":
        return True
    free, total = torch.cuda.mem_get_info(device)
    return free >= _RESERVE * total + to_come


@contextmanager
def _counting_bytes() -> Iterator[dict[int, int]]:
    """Count what is kept for a backward pass, each storage once."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()  # or where no backward pass comes, an output keeps itself for ever

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield kept


def _free_on_host() -> int:
    # macOS does not say what is free.
    pages = "SC_AVPHYS_PAGES" if "SC_AVPHYS_PAGES" in os.sysconf_names else "SC_PHYS_PAGES"
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf(pages)

"""The updates of a plan, made one by one; one that cannot be made leaves no trace."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial

import torch

from bsgrow.data import SampleError
from bsgrow.loading import MicroBatch
from bsgrow.schedule import Update
from bsgrow.training.compiled import count_micro_batches, sizes_to_compile
from bsgrow.training.decisions import Decisions, Vote
from bsgrow.training.diverged_update import naming_sample
from bsgrow.training.divergence import DivergedRunError
from bsgrow.training.events.made_again import LossScaleHalved, MadeAgain, MicroBatchHalved
from bsgrow.training.group.process_group import BITS
from bsgrow.training.job import Job
from bsgrow.training.state import State
from bsgrow.training.step import accumulate
from bsgrow.training.update_times import Wait

Remedy = Callable[[], MadeAgain]
"""What comes before it."""

_END = 2**BITS  # of the bits of a vote


def no_vote(update: Update) -> Vote:
    """Want nothing after an update."""
    return Vote(0)


def updates_made(
    job: Job,
    state: State,
    decisions: Decisions | None = None,
    vote: Callable[[Update], Vote] = no_vote,
    on_again: Callable[[MadeAgain], None] = lambda event: None,
) -> Generator[tuple[Update, Vote], None, None]:
    """Make the remaining updates one by one; yields each when it has been applied.

    Where memory is exhausted on any process, the micro-batch is halved on all, in whole ghost
    batches, and the update made again; so it is with half the loss scale, where the gradient
    overflows float16. Its gradient is the same to rounding.

    Args:
        job: what is trained.
        state: of the job, in training mode.
        decisions: those of all processes of the run.
        vote: asked for the wishes of this process once its part of an update is computed.
        on_again: told why an update is made again.

    Yields:
        The update, and what all processes decided to do after it.

    Raises:
        SampleError: a sample cannot be used.
        DivergedRunError: the loss of an update is not finite, or its gradient overflows unscaled.
        EndedElsewhereError: another process has failed.
        LostProcessError: another process does not answer.
            After any of these the state is that after the last finished update.
    """
    decisions = decisions or Decisions(job.group)
    while remedy := (yield from _until_one_fails(job, state, decisions, vote)):
        on_again(decisions.together(remedy))  # may compile for minutes


def _until_one_fails(
    job: Job, state: State, decisions: Decisions, vote: Callable[[Update], Vote]
) -> Generator[tuple[Update, Vote], None, Remedy | None]:
    """Make updates until one is to be made again; returns what comes before it, None at the end."""
    gradient_sum, compute = state.gradient_sum, partial(_compute, job, state, vote)
    with closing(job.loader.updates(job.plan.updates(state.num_updates))) as updates:
        for each in updates:
            try:
                num_bits = BITS + gradient_sum.num_bits
                present, decided = divmod(decisions.after(partial(compute, *each), num_bits), _END)
            except Exception as error:
                state.drop_update()
                if remedy := _remedy(decisions.ended_by, error, job, state):
                    return remedy
                if isinstance(error, DivergedRunError) and decisions.ended_by == Vote.DIVERGED:
                    updates.close()  # all processes have it, and read its samples once more
                    raise naming_sample(error, job, state) from None
                raise
            state.times.stop()
            gradient_sum.forget(present)
            state.apply(each.update)
            yield each.update, Vote(decided)
    return None


def _compute(
    job: Job,
    state: State,
    vote: Callable[[Update], Vote],
    update: Update,
    micro_batches: Iterator[MicroBatch],
) -> Vote:
    """Make the gradient of an update; returns the wishes, and which gradients there are."""
    with _naming_update(update):
        add_gradient(job, state, update, micro_batches)
    state.guard.check(state.sums, update.global_batch_size, update.index + 1)
    state.unscale(update)
    return vote(update) | state.gradient_sum.present << BITS


def _remedy(ended_by: Vote, error: Exception, job: Job, state: State) -> Remedy | None:
    """Return what lets an update that failed be made again, if anything does."""
    if ended_by == Vote.OUT_OF_MEMORY and _half(job) is not None:
        why = str(error).partition("\n")[0] or "out of memory"
        return partial(_halve_micro_batch, job, state, why)
    if ended_by == Vote.OVERFLOW and state.loss_scale.can_fall:
        return partial(_halve_loss_scale, state)
    return None


@contextmanager
def _naming_update(update: Update) -> Iterator[None]:
    """Let a sample that cannot be used say in which update it is."""
    try:
        yield
    except SampleError as error:
        error.message += f", in update {update.index + 1}"
        error.args = (error.message,)
        raise


def add_gradient(
    job: Job, state: State, update: Update, micro_batches: Iterator[MicroBatch]
) -> None:
    """Make the mean gradient of an update, and its sums, over all processes.

    Raises:
        Exception: what ended this process's part; the others have the rest of the sum.
        LostProcessError: another process does not answer.
    """
    job.group.post(f"update {update.index + 1}")
    with state.gradient_sum.of_an_update(state.sums):
        for number, micro_batch in enumerate(state.times.awaited(micro_batches), start=1):
            job.group.post(f"update {update.index + 1}, micro-batch {number}")
            if micro_batch.is_last:
                state.gradient_sum.expect_last_backward()
            accumulate(
                state.model,
                micro_batch.images,
                micro_batch.labels,
                update_size=update.global_batch_size,
                totals=state.sums.totals,
                autocast_dtype=job.precision.autocast_dtype,
                label_smoothing=job.recipe.loss.label_smoothing,
                loss_scale=state.loss_scale.value,
                forward=state.forward,
            )
        state.times.start(Wait.OTHERS)  # until all have decided


def _half(job: Job) -> int | None:
    """Return half the micro-batch, in whole ghost batches; None where it is one already."""
    ghost = job.recipe.ghost_batch_size
    half = job.micro_batch_size // 2 // ghost * ghost
    return half or None


def _halve_micro_batch(job: Job, state: State, why: str) -> MadeAgain:
    half = _half(job)
    assert half is not None, "asked before"
    job.cut_into(half)
    if job.device.type == "cuda":
        torch.cuda.empty_cache()
    counts = count_micro_batches(job.plan, job.share, half)
    state.warm_up(job, sizes_to_compile(counts))
    return MicroBatchHalved(state.num_updates, half, why)


def _halve_loss_scale(state: State) -> MadeAgain:
    state.loss_scale.halve()
    return LossScaleHalved(state.num_updates, state.loss_scale.value)

"""Which samples of an update have a loss that is not finite, once a run has diverged by it."""

from collections.abc import Iterator
from contextlib import closing, suppress
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from bsgrow.data import EncodedDataset
from bsgrow.loading import MicroBatch
from bsgrow.schedule import Update
from bsgrow.stream import SampleStream
from bsgrow.training.divergence import DivergedRunError
from bsgrow.training.job import Job
from bsgrow.training.state import State


class _Found(NamedTuple):
    """What one process found: how many samples, the position of the first, and its rank."""

    number: int
    position: int
    rank: int


def require_finite(job: Job, state: State) -> None:
    """Check that no update was refused for its loss; waits for the device, if there is one.

    All processes call it after the same updates.

    Raises:
        DivergedRunError: one was; the state is that before it, and the message names the sample.
    """
    try:
        state.require_finite(job)
    except DivergedRunError as error:
        raise naming_sample(error, job, state) from None


def naming_sample(error: DivergedRunError, job: Job, state: State) -> DivergedRunError:
    """Return the error of an update that was refused, with the sample and its rank.

    Each process computes its share once more, as it did, and all of them hear what was found; so
    all call it. A sample with pixels that are not finite is told apart from those that have their
    ghost batch in common with it.

    Args:
        error: says of which update; all processes have it alike.
        job: what is trained.
        state: that before the update; stays as it is.
    """
    update = job.plan.update(state.num_updates)
    found = [_Found(*each) for each in job.group.gather(_look_through(job, state, update)) if each]
    said = f"{error.message}{_describe(job, update, found)}"
    explained = DivergedRunError(said, hint=error.hint)
    explained.is_said = error.is_said
    return explained


def _look_through(job: Job, state: State, update: Update) -> _Found | None:
    positions: list[int] = []
    with suppress(Exception), closing(job.loader.updates([update])) as updates:
        for each in updates:
            for micro_batch in each.micro_batches:
                positions += _not_finite(job, state, micro_batch)
    state.drop_update()
    return _Found(len(positions), positions[0], job.group.rank) if positions else None


def _not_finite(job: Job, state: State, micro_batch: MicroBatch) -> Iterator[int]:
    """Yield the positions whose pixels are no numbers; if there is none, those whose loss is."""
    images, labels = micro_batch.images, micro_batch.labels
    smoothing = job.recipe.loss.label_smoothing
    loss_sum, logits = state.forward(
        *(state.model, images, labels, job.precision.autocast_dtype, smoothing)
    )
    losses = cross_entropy(
        logits.detach().float(), labels, reduction="none", label_smoothing=smoothing
    )
    bad = ~images.flatten(1).isfinite().all(dim=1)
    bad = _else(bad, ~losses.unsqueeze(-1).flatten(1).isfinite().all(dim=1))
    bad = _else(bad, (~loss_sum.detach().isfinite()).expand(len(labels)))
    for offset in bad.nonzero().flatten().tolist():
        yield micro_batch.start + offset


def _else(first: Tensor, second: Tensor) -> Tensor:
    return torch.where(first.any(), first, second)


def _describe(job: Job, update: Update, found: list[_Found]) -> str:
    number, size = sum(each.number for each in found), update.global_batch_size
    if not number:
        return ", though that of each of its samples is finite when computed again"
    if number == size > 1:
        return f", that of each of its {size} samples"
    first = min(found, key=lambda each: each.position)
    named = _describe_sample(job, first.position)
    rank = f", on rank {first.rank}" if job.group.world_size > 1 else ""
    among = f"{number} of its {size} samples, the first of them " if number > 1 else ""
    return f": that of {among}{named}{rank}"


def _describe_sample(job: Job, position: int) -> str:
    _, sample = SampleStream(job.plan.num_samples, job.recipe.run.seed)[position]
    dataset = job.dataset
    file = f" ({dataset.train.locate(sample)})" if isinstance(dataset, EncodedDataset) else ""
    return f"sample {sample}{file} at position {position}"

"""The micro-batches of a plan for PyTorch's DataLoader: a function of plan, position and share."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from bsgrow.schedule import Plan, Update
from bsgrow.stream import SampleIndices, SampleStream, Share


class UpdateCut(NamedTuple):
    """What a micro-batch is of the update that it belongs to.

    Attributes:
        update: as the plan has it: its index, samples, learning rate and momentum.
        start: first position in the stream.
        stop: one past the last.
        weight: what a mean loss over the micro-batch is multiplied with, so that the sum over those
            of all ranks is the mean over the update. 0 where the rank has no sample left for it:
            it reads some all the same, so that no other waits for it in vain.
        closes_update: whether it is the last one that this rank has of the update.
        ends_epoch: whether the end of a pass over the training set lies in an update closed by it.
    """

    update: Update
    start: int
    stop: int
    weight: float
    closes_update: bool
    ends_epoch: bool

    @property
    def num_samples(self) -> int:
        """Samples that count in the update; 0 where the rank has none left of it."""
        return self.stop - self.start if self.weight else 0


@dataclass(frozen=True)
class UpdateCuts:
    """The micro-batches that a rank takes of the updates of a plan, in order.

    Args:
        plan: the updates.
        share: what the rank takes of each.
        micro_batch_size: samples of a full one, whole ghost batches.
        evens_out: whether all ranks take as many of each update as the busiest, those that have no
            samples left with weight 0: for what makes all ranks meet in every forward pass.

    Raises:
        ValueError: the size is not one or more whole ghost batches.
    """

    plan: Plan
    share: Share
    micro_batch_size: int
    evens_out: bool = False

    def __post_init__(self) -> None:
        self.share.check_micro_batch_size(self.micro_batch_size)

    def between(self, first: int, last: int) -> Iterator[UpdateCut]:
        """Yield the micro-batches of the updates of indices [first, last)."""
        for index in range(first, last):
            yield from self.of(self.plan.update(index))

    def of(self, update: Update) -> Iterator[UpdateCut]:
        """Yield the micro-batches of an update; of weight 0 where the rank is short of samples."""
        ends, number = self._ends_epoch(update), self._num_in(update)
        for cut in self.share.micro_batches(update.start, update.stop, self.micro_batch_size):
            number -= 1
            closes = not number
            yield UpdateCut(update, cut.start, cut.stop, cut.weight, closes, closes and ends)
        stop = min(update.start + self.micro_batch_size, update.stop)
        for left in reversed(range(number)):
            yield UpdateCut(update, update.start, stop, 0.0, not left, not left and ends)

    def count(self, first: int, last: int) -> int:
        """Return how many ``between`` yields; takes time by the phases of the plan."""
        total = 0
        for phase in self.plan.phases:
            begin, end = (
                max(first, phase.first_index),
                min(last, phase.first_index + phase.num_updates),
            )
            if begin < end:  # all but the last have the same size
                total += (end - begin - 1) * self._num_of(begin) + self._num_of(end - 1)
        return total

    def end_of_epoch(self, index: int) -> int:
        """Return one past the last update that begins in the epoch in which update index does."""
        epoch = self.plan.update(index).start // self.plan.num_samples
        boundary = (epoch + 1) * self.plan.num_samples
        if boundary >= self.plan.num_total_samples:
            return self.plan.num_updates
        update = self.plan.at(boundary)
        return update.index + (update.start < boundary)

    def _num_of(self, index: int) -> int:
        return self._num_in(self.plan.update(index))

    def _num_in(self, update: Update) -> int:
        # Of the busiest rank, which is the first, or of this one.
        share = replace(self.share, rank=0) if self.evens_out else self.share
        return share.num_micro_batches(update.start, update.stop, self.micro_batch_size) or 1

    def _ends_epoch(self, update: Update) -> bool:
        num_samples = self.plan.num_samples
        is_last = update.stop == self.plan.num_total_samples
        return is_last or update.start // num_samples < update.stop // num_samples


def indices_of(stream: SampleStream, cuts: Iterable[UpdateCut]) -> Iterator[SampleIndices]:
    """Yield the samples of each micro-batch."""
    return (SampleIndices(stream, cut.start, cut.stop) for cut in cuts)


@dataclass(frozen=True)
class GrowingBatchSampler:
    """What PyTorch's DataLoader takes as ``batch_sampler``: the micro-batches of some updates.

    A function of its arguments alone: iterating changes nothing, and no worker, prefetching or
    restart moves a sample to another update.

    Args:
        cuts: the micro-batches.
        stream: which sample stands at which position.
        first: index of the first update.
        last: one past that of the last.
    """

    cuts: UpdateCuts
    stream: SampleStream
    first: int
    last: int

    def __iter__(self) -> Iterator[SampleIndices]:
        """Yield the samples of each micro-batch."""
        return indices_of(self.stream, self.cuts.between(self.first, self.last))

    def __len__(self) -> int:
        return self.cuts.count(self.first, self.last)

"""Micro-batches for PyTorch's DataLoader: a function of plan, position and share."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import chain, islice, tee
from typing import Any, NamedTuple, TypeVar

from bsgrow.schedule import Plan, Update
from bsgrow.stream import Cut, SampleIndices, SampleStream, Share

_CUTS_AT_ONCE = 64
_SAMPLES_AT_ONCE = 512


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


class _Piece(NamedTuple):
    """A micro-batch of an update, counted from where that begins; as in ``UpdateCut``."""

    start: int
    stop: int
    weight: float
    closes_update: bool


def first_update_from(sample: int, plan: Plan) -> int:
    """Return the index of the first update that begins at a sample or after it.

    Where none does, it is the number of updates.
    """
    if sample >= plan.num_total_samples:
        return plan.num_updates
    update = plan.at(sample)
    return update.index + (update.start < sample)


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
        """Return the micro-batches of the updates of indices [first, last), one after another.

        Some are made at once, as a processor takes twice as long for one between other things.
        """
        updates = islice(self.plan.updates(first), max(0, last - first))
        cuts = chain.from_iterable(map(self.of, updates))
        return chain.from_iterable(iter(lambda: [*islice(cuts, _CUTS_AT_ONCE)], []))

    def of(self, update: Update) -> list[UpdateCut]:
        """Return the micro-batches of an update; of weight 0 where the rank is short of samples."""
        start, ends = update.start, self._ends_epoch(update)
        return [
            UpdateCut(update, start + first, start + stop, weight, closes, closes and ends)
            for first, stop, weight, closes in self._pieces(update.stop - start)
        ]

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
        return first_update_from((epoch + 1) * self.plan.num_samples, self.plan)

    @cached_property
    def _pieces(self) -> Callable[[int], list["_Piece"]]:
        """What an update of a size is cut into; most updates have the size of the one before."""
        return lru_cache(maxsize=2)(self._cut_up)

    def _cut_up(self, size: int) -> list["_Piece"]:
        own = list(self.share.micro_batches(0, size, self.micro_batch_size))
        num_short = self._num_in(size) - len(own)
        none_left = _Piece(0, min(self.micro_batch_size, size), 0.0, closes_update=False)
        pieces = [_Piece(cut.start, cut.stop, cut.weight, closes_update=False) for cut in own]
        pieces += [none_left] * num_short
        return [*pieces[:-1], pieces[-1]._replace(closes_update=True)]

    def _num_of(self, index: int) -> int:
        update = self.plan.update(index)
        return self._num_in(update.stop - update.start)

    def _num_in(self, size: int) -> int:
        # Of the busiest rank, which is the first, or of this one.
        share = replace(self.share, rank=0) if self.evens_out else self.share
        return share.num_micro_batches(0, size, self.micro_batch_size) or 1

    def _ends_epoch(self, update: Update) -> bool:
        num_samples = self.plan.num_samples
        is_last = update.stop == self.plan.num_total_samples
        return is_last or update.start // num_samples < update.stop // num_samples


_Sample = TypeVar("_Sample", bound=int)
_AnyCut = TypeVar("_AnyCut", UpdateCut, Cut)


def read(
    cuts: Iterable[_AnyCut], reader_of: Callable[[Iterator[_AnyCut]], Iterable[Any]]
) -> Iterator[tuple[Any, _AnyCut]]:
    """Yield what is read of each cut beside it; None where the cut is empty.

    Args:
        cuts: in order; taken as far ahead as what reads them looks.
        reader_of: returns what reads those that are not empty, as a DataLoader of their samples.
    """
    own, ahead = tee(cuts)
    contents = iter(reader_of(ahead))
    for cut in own:
        yield (next(contents) if cut.start < cut.stop else None), cut


def batches(
    stream: SampleStream, cuts: Iterable[UpdateCut | Cut], *, with_epochs: bool, by_workers: bool
) -> Iterator[Sequence[int]]:
    """Yield the samples of each cut that is not empty.

    Args:
        stream: which sample stands at which position.
        cuts: in order.
        with_epochs: whether each knows its epoch, as a ``SampleIndex``, or is an integer alone.
        by_workers: whether those that know it are found where they are read, by a worker.
    """
    if not with_epochs:
        return _listed(cuts, lambda first, last: stream.samples(first, last).tolist())
    if not by_workers:
        return _listed(cuts, lambda first, last: list(SampleIndices(stream, first, last)))
    return (SampleIndices(stream, cut.start, cut.stop) for cut in cuts if cut.start < cut.stop)


def _listed(
    cuts: Iterable[UpdateCut | Cut], find: Callable[[int, int], list[_Sample]]
) -> Iterator[list[_Sample]]:
    """Find the samples of many cuts together where they follow on another, few beyond the last."""
    begin = first = last = 0
    samples: list[_Sample] = []
    for cut in cuts:
        if not first <= cut.start <= cut.stop <= last:
            begin = begin if cut.start == last else cut.start
            first, last = cut.start, max(cut.stop, cut.start + min(last - begin, _SAMPLES_AT_ONCE))
            samples = find(first, last)
        if cut.start < cut.stop:
            yield samples[cut.start - first : cut.stop - first]

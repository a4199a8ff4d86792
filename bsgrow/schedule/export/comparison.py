"""What a system would run, held against the plan: the same, near, or another schedule."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bsgrow.schedule.export.draft import Draft, Run, whole_update
from bsgrow.schedule.export.lr_table import FLOOR, peak_of, probe_indices
from bsgrow.schedule.plan import Phase, Plan

FAR = 0.25
"""An approximation ends here, for every system: no learning rate is off by more than this part of
the plan's (of a hundredth of its peak, where the plan's is lower), and no more than this part of
the samples is in updates of another size."""

_NEXT_TO_NOTHING = 1e-2  # of the peak
_MAX_PROBES = 5_000  # updates whose learning rate is compared


@dataclass(frozen=True, slots=True)
class _Piece:
    """Updates of one run that start in one phase: first to last, by index, inclusive."""

    run: Run
    phase: Phase
    first: int
    last: int

    def start(self, index: int) -> int:
        return self.run.start + (index - self.run.index) * self.run.size

    @property
    def is_resized(self) -> bool:
        return self.run.size != self.phase.global_batch_size

    @property
    def is_shifted(self) -> bool:
        offset = self.start(self.first) - self.phase.start_sample
        return offset % self.phase.global_batch_size != 0


@dataclass(frozen=True, slots=True)
class LrError:
    """A deviation of the learning rate, and the update that has it."""

    sample: int
    lr: float
    planned: float

    def over(self, least: float) -> float:
        """Return it as a part of the plan's rate, or of a least one where that is lower."""
        return abs(self.lr - self.planned) / (max(self.planned, least) or 1.0)  # a run at rate 0


@dataclass(frozen=True)
class Comparison:
    """Where a system would run something else than the plan.

    Attributes:
        sentences: what is off, by how much, at which sample; empty where nothing is.
        is_far: whether it is another schedule, not an approximation of this one.
    """

    sentences: tuple[str, ...]
    is_far: bool


def compare(plan: Plan, draft: Draft, system: str, lr_tolerance: float) -> Comparison:
    """Hold what a system would run against a plan, update by update.

    Sizes and starts are compared at every update, learning rates at so many of each run and
    phase that long plans stay cheap. A last update that the plan cuts is compared as a whole one.

    Args:
        plan: the plan.
        draft: what the system would run.
        system: its name, for the sentences.
        lr_tolerance: relative deviation of the learning rate that counts as equal.
    """
    pieces = list(_pieces(plan, draft.runs))
    errors, peak = list(_lr_errors(plan, draft, pieces)), peak_of(plan)
    resized = [piece for piece in pieces if piece.is_resized]
    beyond = _length(plan, draft.runs)
    samples = sum((p.last - p.first + 1) * p.run.size for p in resized) + abs(beyond)
    part = samples / plan.num_total_samples
    updates = [
        *_size_sentences(system, resized, part),
        *_shift_sentences(system, pieces, resized),
        *_length_sentences(system, beyond),
    ]
    rates = [*_lr_sentences(system, errors, FLOOR * peak, lr_tolerance)]
    sentences = (
        *(draft.reasons if updates else ()),
        *updates,
        *(draft.lr_reasons if rates else ()),
        *rates,
    )
    off = max(error.over(_NEXT_TO_NOTHING * peak) for error in errors)
    return Comparison(sentences, off > FAR or part > FAR)


def _pieces(plan: Plan, runs: Iterable[Run]) -> Iterator[_Piece]:
    """Cut the runs where a phase of the plan ends; what starts after the plan's end is left out."""
    starts = [phase.start_sample for phase in plan.phases]
    for run in runs:
        index, stop = run.index, run.index + run.num_updates
        while index < stop:
            sample = run.start + (index - run.index) * run.size
            if sample >= plan.num_total_samples:
                break
            phase = plan.phases[bisect_right(starts, sample) - 1]
            after = min(stop, run.index - (run.start - phase.stop_sample) // run.size)
            yield _Piece(run, phase, index, after - 1)
            index = after


def _lr_errors(plan: Plan, draft: Draft, pieces: Sequence[_Piece]) -> Iterator[LrError]:
    """Yield the deviations; an update over several of the plan's is held against the nearest."""
    stride = -(-len(pieces) // _MAX_PROBES)
    num_probes = min(64, _MAX_PROBES // (len(pieces) // stride))
    for piece in [*pieces[:-1:stride], pieces[-1]]:
        for index in probe_indices(piece.first, piece.last, num_probes):
            start = piece.start(index)
            lr = draft.lr(index, start, piece.run.size)
            yield LrError(start, lr, _nearest(lr, _planned_lrs(plan, piece, start)))


def _planned_lrs(plan: Plan, piece: _Piece, start: int) -> tuple[float, float]:
    """Return the rates of the plan's updates over the first and the last sample of an update."""
    size = piece.phase.global_batch_size
    index, offset = divmod(start - piece.phase.start_sample, size)
    first = whole_update(plan, piece.phase.first_index + index)
    if offset == 0 and piece.run.size <= size:
        return first.lr, first.lr
    end = min(start + piece.run.size, plan.num_total_samples)
    return first.lr, whole_update(plan, plan.at(end - 1).index).lr


def _nearest(lr: float, planned: tuple[float, float]) -> float:
    """Return what of the plan's rates is nearest to a rate: itself, where it is between them."""
    return min(max(lr, min(planned)), max(planned))


def _length(plan: Plan, runs: Sequence[Run]) -> int:
    """Return the samples of updates past the plan's end, or, negative, those that are missing."""
    end, beyond = plan.num_total_samples, 0
    for run in reversed(runs):
        num_inside = max(0, min(run.num_updates, -((run.start - end) // run.size)))
        beyond += (run.num_updates - num_inside) * run.size
        if num_inside:
            break
    return beyond or min(0, runs[-1].stop - end)


def _size_sentences(system: str, resized: Sequence[_Piece], part: float) -> Iterator[str]:
    if not resized:
        return
    first, worst = resized[0], max(resized, key=_ratio)
    farthest = f", farthest at sample {_where(worst)}" if worst is not first else ""
    yield (
        f"{system} has {100 * part:.2g} % of the samples in updates of another size, first at "
        f"sample {_where(first)}{farthest}"
    )


def _ratio(piece: _Piece) -> float:
    ratio = piece.run.size / piece.phase.global_batch_size
    return max(ratio, 1 / ratio)


def _where(piece: _Piece) -> str:
    return (
        f"{piece.start(piece.first)}: {piece.run.size}, the plan's {piece.phase.global_batch_size}"
    )


def _shift_sentences(
    system: str, pieces: Sequence[_Piece], resized: Sequence[_Piece]
) -> Iterator[str]:
    shifted = next((piece for piece in pieces if piece.is_shifted), None)
    if shifted and not resized:
        yield (
            f"{system} starts its updates at other samples than the plan, first at sample "
            f"{shifted.start(shifted.first)}"
        )


def _length_sentences(system: str, beyond: int) -> Iterator[str]:
    if beyond:
        word = "more" if beyond > 0 else "fewer"
        yield f"{system} runs {abs(beyond)} samples {word} than the plan"


def _lr_sentences(
    system: str, errors: Sequence[LrError], least: float, tolerance: float
) -> Iterator[str]:
    worst = max(errors, key=lambda error: error.over(least))
    if worst.over(least) > tolerance:
        yield (
            f"the learning rate of {system} is off by up to {worst.over(least):.2g} of it, at "
            f"sample {worst.sample}: {worst.lr:.4g}, the plan's {worst.planned:.4g}"
        )

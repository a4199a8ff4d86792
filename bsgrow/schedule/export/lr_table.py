"""The learning rate of a plan as straight pieces, for systems that take a table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from bsgrow.errors import InputError
from bsgrow.schedule.plan import Phase, Plan, Update

_MAX_PIECES = 10_000
_EQUAL = 1e-12  # what two roundings of one learning rate may differ by
_NUM_PROBES = 16
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class LrPiece:
    """Updates first to last, inclusive, whose learning rate lies on a straight line."""

    first: Update
    last: Update

    @property
    def is_flat(self) -> bool:
        """Whether the learning rate stays what it is."""
        return abs(self.last.lr - self.first.lr) <= _EQUAL * self.first.lr


def lr_pieces(plan: Plan, tolerance: float) -> list[LrPiece]:
    """Return straight pieces that follow the learning rate of every update.

    A piece is halved until the line between its ends meets the updates probed in it.

    Args:
        plan: the plan.
        tolerance: largest deviation from a piece, relative to the piece's highest rate.

    Raises:
        InputError: the rate is too uneven to tabulate.
    """
    pieces: list[LrPiece] = []
    for piece in _join_flat(_pieces(plan, tolerance)):
        pieces.append(piece)
        if len(pieces) > _MAX_PIECES:
            raise InputError(
                f"the learning rate needs over {_MAX_PIECES} straight pieces at "
                f"lr_tolerance = {tolerance:g}",
                hint="raise lr_tolerance, or grow the batch in fewer levels (growth.factor)",
            )
    return pieces


def probe_indices(first: int, last: int) -> list[int]:
    """Return updates of first to last, both among them, spread evenly.

    Multiples of the golden ratio keep no step with epochs, so stairs do not pass for a slope.
    """
    inside = {first + int(k * _GOLDEN % 1 * (last - first)) for k in range(_NUM_PROBES)}
    return sorted(inside | {(first + last) // 2, last})


def whole_update(plan: Plan, phase: Phase, index: int) -> Update:
    """Return an update as if it were whole: the last one of the run may be cut, its rate too."""
    update = plan.update(index)
    if update.global_batch_size == phase.global_batch_size or index == phase.first_index:
        return replace(update, stop=update.start + phase.global_batch_size)
    lr = plan.update(index - 1).lr
    return replace(update, stop=update.start + phase.global_batch_size, lr=lr)


def _pieces(plan: Plan, tolerance: float) -> Iterator[LrPiece]:
    for phase in plan.phases:
        end = phase.first_index + phase.num_updates - 1
        todo = [(phase.first_index, end)]
        while todo:
            first, last = todo.pop()
            piece = LrPiece(whole_update(plan, phase, first), whole_update(plan, phase, last))
            if _is_straight(plan, phase, piece, tolerance):
                yield piece
            else:
                middle = (first + last) // 2
                todo += [(middle + 1, last), (first, middle)]


def _is_straight(plan: Plan, phase: Phase, piece: LrPiece, tolerance: float) -> bool:
    first, last = piece.first, piece.last
    probes = probe_indices(first.index, last.index)
    allowed = tolerance * max(first.lr, last.lr)
    return all(
        abs(whole_update(plan, phase, index).lr - lr_on(piece, index)) <= allowed
        for index in probes
    )


def lr_on(piece: LrPiece, index: int) -> float:
    """Return the learning rate of a piece at an update."""
    num_steps = piece.last.index - piece.first.index
    share = float(Fraction(index - piece.first.index, num_steps)) if num_steps else 0.0
    return piece.first.lr + (piece.last.lr - piece.first.lr) * share


def _join_flat(pieces: Iterable[LrPiece]) -> Iterator[LrPiece]:
    """Yield the pieces, joining flat neighbours of one rate: growth leaves many such."""
    current: LrPiece | None = None
    for piece in pieces:
        if current is None:
            current = piece
        elif current.is_flat and piece.is_flat and LrPiece(current.first, piece.last).is_flat:
            current = LrPiece(current.first, piece.last)
        else:
            yield current
            current = piece
    if current is not None:
        yield current

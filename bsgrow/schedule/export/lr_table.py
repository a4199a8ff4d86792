"""The learning rate of a plan as straight pieces, for systems that take a table."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

from bsgrow.errors import InputError
from bsgrow.schedule.export.draft import whole_update
from bsgrow.schedule.plan import Plan, Update

_MAX_PIECES = 10_000
_EQUAL = 1e-12  # what two roundings of one learning rate may differ by
_NUM_PROBES = 16
_MAX_PHASES = 5_000  # looked at for the peak
_GOLDEN = (5**0.5 - 1) / 2

FLOOR = 1e-3
"""A learning rate below this part of the peak is compared with this part."""


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
        tolerance: largest deviation from a piece, relative to the rate; twice that of the updates
            probed is allowed for those between them.

    Raises:
        InputError: the rate is too uneven to tabulate.
    """
    _require_few_turns(plan)
    pieces: list[LrPiece] = []
    for piece in _join_flat(_pieces(plan, tolerance / 2)):
        pieces.append(piece)
        if len(pieces) > _MAX_PIECES:
            raise InputError(
                f"the learning rate needs over {_MAX_PIECES} straight pieces at "
                f"lr_tolerance = {tolerance:g}",
                hint=f"pass lr_tolerance={min(0.5, 10 * tolerance):g}",
            )
    return pieces


def _require_few_turns(plan: Plan) -> None:
    """Raise InputError where each phase is a piece of its own, and they are too many."""
    if len(plan.phases) <= _MAX_PIECES:
        return
    moving = (True for p in plan.phases if p.num_updates > 1 and plan.last_lr(p) != p.lr)
    if sum(islice(moving, _MAX_PIECES + 1)) > _MAX_PIECES:
        raise InputError(
            f"the learning rate turns or steps over {_MAX_PIECES} times, too often for a table"
        )


def peak_of(plan: Plan) -> float:
    """Return the highest learning rate of a plan; of plans of very many phases, of some of them."""
    phases = plan.phases[:: -(-len(plan.phases) // _MAX_PHASES)]
    return max(max(phase.lr, plan.last_lr(phase)) for phase in phases)


def probe_indices(first: int, last: int, num_probes: int = _NUM_PROBES) -> list[int]:
    """Return updates of first to last, both among them, spread evenly; all where they are few.

    Multiples of the golden ratio keep no step with epochs, so stairs do not pass for a slope.
    """
    if last - first <= num_probes:
        return list(range(first, last + 1))
    inside = {first + int(k * _GOLDEN % 1 * (last - first)) for k in range(num_probes)}
    return sorted(inside | {(first + last) // 2, last})


def _pieces(plan: Plan, tolerance: float) -> Iterator[LrPiece]:
    floor = FLOOR * peak_of(plan)
    for phase in plan.phases:
        end = phase.first_index + phase.num_updates - 1
        todo = [(phase.first_index, end)]
        while todo:
            first, last = todo.pop()
            piece = LrPiece(whole_update(plan, first), whole_update(plan, last))
            if _is_straight(plan, piece, tolerance, floor):
                yield piece
            else:
                middle = (first + last) // 2
                todo += [(middle + 1, last), (first, middle)]


def _is_straight(plan: Plan, piece: LrPiece, tolerance: float, floor: float) -> bool:
    return all(
        abs(lr - lr_on(piece, index)) <= tolerance * max(lr, floor)
        for index in probe_indices(piece.first.index, piece.last.index)
        for lr in [whole_update(plan, index).lr]
    )


def lr_on(piece: LrPiece, index: int) -> float:
    """Return the learning rate of a piece at an update."""
    num_steps = piece.last.index - piece.first.index
    share = float(Fraction(index - piece.first.index, num_steps)) if num_steps else 0.0
    return piece.first.lr + (piece.last.lr - piece.first.lr) * share


def tabulated_lr(pieces: Sequence[LrPiece]) -> Callable[[int, int, int], float]:
    """Return the learning rate that a table of pieces by update gives; its last piece goes on."""
    firsts = [piece.first.index for piece in pieces]

    def lr(index: int, start: int, size: int) -> float:
        piece = pieces[bisect_right(firsts, index) - 1]
        return lr_on(piece, min(index, piece.last.index))

    return lr


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

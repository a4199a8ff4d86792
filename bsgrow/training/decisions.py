"""What the processes of a run decide together, so that all of them do the same."""

from collections.abc import Callable
from enum import IntFlag, auto

from bsgrow.data import SampleError
from bsgrow.errors import BsgrowError
from bsgrow.training.divergence import DivergedRunError
from bsgrow.training.memory import is_out_of_memory


class Vote(IntFlag):
    """What a process wants done after an update, or why it cannot make one; 0 is neither."""

    REPORT = auto()
    EVALUATE = auto()
    CHECKPOINT = auto()
    STOP = auto()
    BAD_SAMPLE = auto()
    OUT_OF_MEMORY = auto()
    DIVERGED = auto()
    FAILED = auto()
    ABORT = BAD_SAMPLE | OUT_OF_MEMORY | DIVERGED | FAILED


Agree = Callable[[Vote], Vote]
"""Takes the vote of this process and returns the bits of all of them: one reduction, by OR."""

_KINDS = {
    Vote.BAD_SAMPLE: "a sample cannot be used",
    Vote.OUT_OF_MEMORY: "out of memory",
    Vote.DIVERGED: "training diverged",
    Vote.FAILED: "an error",
}


def alone(vote: Vote) -> Vote:
    """Agree, as the only process of a run."""
    return vote


class EndedElsewhereError(BsgrowError):
    """Another process of the run has failed, and says why."""


class Decisions:
    """Takes what each process knows alone, its clock, a signal, a failure, for one decision of all.

    Each piece of work that may end otherwise on another process is done by ``after``, which all of
    them call at the same places: for an update before it is applied, so that none applies one that
    another could not compute; and again for what was decided to be done behind it. So an update
    costs one reduction, and one more where there is a report, an evaluation or a checkpoint.

    The numbers of an evaluation are the same everywhere once they are reduced over the processes,
    and all refuse a loss that is not finite alike. Until then one may meet a bad sample, run out of
    memory, or alone see a loss that is not finite; the others learn it from the second reduction.
    What fails outside of ``after``, as the optimizer's step, ends its process, and the launcher
    the others.

    Args:
        agree: combines the votes of all processes.

    Attributes:
        ended_by: what failed on any of them; 0 while nothing did.
    """

    def __init__(self, agree: Agree = alone) -> None:
        self._agree = agree
        self.ended_by = Vote(0)

    def after(self, work: Callable[[], Vote]) -> Vote:
        """Do this process's part of some work, and return what all processes want together.

        Args:
            work: returns the vote of this process.

        Raises:
            Exception: what the work raised here.
            EndedElsewhereError: it failed on other processes only.
        """
        try:
            vote = work()
        except Exception as error:
            self.ended_by = self._agree(_kind_of(error)) & Vote.ABORT
            raise
        decided = self._agree(vote)
        self.ended_by = decided & Vote.ABORT
        if self.ended_by:
            raise _ended_elsewhere(self.ended_by)
        return decided


def _kind_of(error: Exception) -> Vote:
    if isinstance(error, SampleError):
        return Vote.BAD_SAMPLE
    if isinstance(error, DivergedRunError):
        return Vote.DIVERGED
    return Vote.OUT_OF_MEMORY if is_out_of_memory(error) else Vote.FAILED


def _ended_elsewhere(kinds: Vote) -> EndedElsewhereError:
    reasons = " and ".join(words for kind, words in _KINDS.items() if kind in kinds)
    return EndedElsewhereError(
        f"another process of the run ended it: {reasons}", hint="read what that process says"
    )

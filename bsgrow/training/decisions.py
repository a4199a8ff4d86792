"""What the processes of a run decide together, so that all of them do the same."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import IntFlag, auto
from functools import partial
from typing import Any, TypeVar

from bsgrow.data import SampleError
from bsgrow.errors import BsgrowError
from bsgrow.training.divergence import DivergedRunError
from bsgrow.training.group.process_group import (
    ALONE,
    BITS,
    LostProcessError,
    ProcessGroup,
    ranks_named,
)
from bsgrow.training.loss_scale import GradientOverflowError
from bsgrow.training.memory import is_out_of_memory

Value = TypeVar("Value")


class Vote(IntFlag):
    """What a process wants done after an update, or why it cannot make one; 0 is neither."""

    REPORT = auto()
    EVALUATE = auto()
    CHECKPOINT = auto()
    STOP = auto()
    FAULTS = auto()  # samples that others stood in for, not yet told of
    BAD_SAMPLE = auto()
    OUT_OF_MEMORY = auto()
    DIVERGED = auto()
    OVERFLOW = auto()
    FAILED = auto()
    ABORT = BAD_SAMPLE | OUT_OF_MEMORY | DIVERGED | OVERFLOW | FAILED


class EndedElsewhereError(BsgrowError):
    """Another process of the run has failed; the message is that of it.

    Attributes:
        ranks: those that failed.
    """

    def __init__(
        self, message: str, hint: str | None, exit_code: int, ranks: list[int], *, is_first: bool
    ) -> None:
        super().__init__(message, hint=hint)
        self.ranks, self.exit_code = ranks, exit_code
        self.is_said = not is_first


class Decisions:
    """Takes what each process knows alone, its clock, a signal, a failure, for one decision of all.

    Each piece of work that may end otherwise on another process is done by ``after``, which all of
    them call at the same places: for an update before it is applied, so that none applies one that
    another could not compute; and again for what was decided to be done behind it. So an update
    costs one reduction, and one more where there is a report, an evaluation or a checkpoint.

    The numbers of an evaluation are the same everywhere, being summed over the processes, and all
    refuse a loss that is not finite alike. What fails outside of ``after``, as the optimizer's
    step, ends its process, and the launcher the others.

    Args:
        group: the processes of the run.

    Attributes:
        ended_by: what failed on any of them; 0 while nothing did.
    """

    def __init__(self, group: ProcessGroup = ALONE) -> None:
        self._group = group
        self.ended_by = Vote(0)

    def after(self, work: Callable[[], Vote], num_bits: int = BITS) -> Vote:
        """Do this process's part of some work, and return what all processes want together.

        Args:
            work: returns the vote of this process, and may say more by bits from 2**31 on.
            num_bits: of the vote; as many on all processes.

        Raises:
            Exception: what the work raised here.
            EndedElsewhereError: it failed on other processes only.
            LostProcessError: another process does not answer.
        """
        with self._telling(partial(self._agree_to_end, num_bits)):
            vote = work()
        decided = self._agree(vote, num_bits)
        self.ended_by = decided & Vote.ABORT
        if self.ended_by:
            raise _ended_elsewhere(self._group.gather(None), self._group.rank)
        return decided

    def together(self, work: Callable[[], Value]) -> Value:
        """Do what each process does before or between updates; where one fails, none goes on.

        However long one takes, as to read, to compile or to write, the others wait while it lives.

        Raises:
            Exception: what the work raised here.
            EndedElsewhereError: it failed on other processes only.
            LostProcessError: another process does not answer.
        """
        with self._telling():
            value = work()
        if any(told := self._group.gather(None)):
            raise _ended_elsewhere(told, self._group.rank)
        return value

    @contextmanager
    def _telling(self, first: Callable[[Exception], None] = lambda error: None) -> Iterator[None]:
        """Tell the others what fails here, after something that they come to first."""
        try:
            yield
        except LostProcessError:  # there is nobody to tell
            raise
        except Exception as error:
            with suppress(LostProcessError):  # what ended this process says more
                first(error)
                self._tell(error)
            raise

    def _agree_to_end(self, num_bits: int, error: Exception) -> None:
        self.ended_by = _kind_of(error) | Vote.FAILED
        self.ended_by = self._agree(_kind_of(error), num_bits) & Vote.ABORT

    def _agree(self, vote: Vote, num_bits: int) -> Vote:
        return Vote(self._group.combine(vote, num_bits))

    def _tell(self, error: Exception) -> None:
        """Tell the others what went wrong here."""
        if isinstance(error, BsgrowError):
            words = [error.message, error.hint, error.exit_code]
            error.is_said = words in self._group.gather(words)[: self._group.rank]
        else:
            self._group.gather([f"{type(error).__name__}: {error}", None, 1])


def _ended_elsewhere(told: Sequence[Sequence[Any] | None], rank: int) -> EndedElsewhereError:
    """Return the error that other ranks told of; the first where they differ."""
    failed = {rank: each for rank, each in enumerate(told) if each}
    message, hint, exit_code = next(iter(failed.values()))
    text = f"{ranks_named(failed)}: {message}"
    return EndedElsewhereError(text, hint, exit_code, list(failed), is_first=rank == 0)


def _kind_of(error: Exception) -> Vote:
    if isinstance(error, SampleError):
        return Vote.BAD_SAMPLE
    if isinstance(error, GradientOverflowError):
        return Vote.OVERFLOW
    if isinstance(error, DivergedRunError):
        return Vote.DIVERGED
    return Vote.OUT_OF_MEMORY if is_out_of_memory(error) else Vote.FAILED

"""Whatever each process knows alone, all of them decide the same."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.data import SampleError
from bsgrow.training.decisions import Decisions, EndedElsewhereError, Vote
from bsgrow.training.divergence import DivergedRunError
from bsgrow.training.group.process_group import ProcessGroup
from tests.training.ranks import Ranks

ERRORS = {
    Vote.BAD_SAMPLE: SampleError("a.jpg", "is bad"),
    Vote.OUT_OF_MEMORY: torch.OutOfMemoryError("no more"),
    Vote.DIVERGED: DivergedRunError("the loss is nan"),
    Vote.FAILED: ZeroDivisionError("division by zero"),
}
WISHES = st.sampled_from([Vote.REPORT, Vote.EVALUATE, Vote.CHECKPOINT, Vote.STOP])
OUTCOMES = st.one_of(
    st.lists(WISHES, max_size=4).map(lambda wishes: Vote(sum(set(wishes)))),
    st.sampled_from(list(ERRORS)),
)


def work_of(outcome):
    """What a process does: it wants something, or fails."""
    if outcome in ERRORS:
        raise ERRORS[outcome]
    return outcome


@given(st.lists(OUTCOMES, min_size=1, max_size=4))
def test_all_do_the_same_or_end_together(outcomes):
    ranks = Ranks(len(outcomes))
    decisions = [Decisions(group) for group in ranks.groups]
    results = ranks.run(lambda rank: decisions[rank].after(lambda: work_of(outcomes[rank])))
    together = Vote(0)
    for outcome in outcomes:
        together |= outcome
    assert all(each.ended_by == together & Vote.ABORT for each in decisions)
    assert ranks.votes == [[outcome] for outcome in outcomes], "one reduction"
    for outcome, result in zip(outcomes, results, strict=True):
        if outcome in ERRORS:
            assert result is ERRORS[outcome]
        elif together & Vote.ABORT:
            assert isinstance(result, EndedElsewhereError)
        else:
            assert result == together


@pytest.mark.parametrize("together", [False, True])
def test_the_others_say_what_ended_the_run(together):
    """Rank 0 prints it for those that only hear of it; who failed prints its own words too."""
    ranks = Ranks(4)
    outcomes = [Vote.REPORT, Vote.BAD_SAMPLE, Vote(0), Vote.FAILED]
    failed = SampleError("a.jpg", "is bad", hint="skip it")

    def part(rank):
        decisions = Decisions(ranks.groups[rank])
        return (decisions.together if together else decisions.after)(lambda: work(rank))

    def work(rank):
        if rank == 1:
            raise failed
        return work_of(outcomes[rank])

    first, own, other, last = ranks.run(part)
    assert own is failed
    assert last is ERRORS[Vote.FAILED]
    for error in (first, other):
        assert isinstance(error, EndedElsewhereError)
        assert error.message == "ranks 1 and 3: a.jpg: is bad"
        assert (error.hint, error.ranks) == ("skip it", [1, 3])
    assert (first.is_said, own.is_said, other.is_said) == (False, False, True)


def test_what_all_say_alike_rank_0_prints():
    ranks = Ranks(3)

    def fail():
        raise DivergedRunError("the loss is nan")

    errors = ranks.run(lambda rank: Decisions(ranks.groups[rank]).after(fail))
    assert [error.is_said for error in errors] == [False, True, True]


def test_alone_a_vote_is_the_decision():
    decisions = Decisions()
    assert decisions.after(lambda: Vote.STOP | Vote.REPORT) == Vote.STOP | Vote.REPORT
    with pytest.raises(ZeroDivisionError):
        decisions.after(lambda: 1 // 0)
    assert decisions.ended_by == Vote.FAILED


def test_what_ends_a_process_at_once_is_not_agreed_on():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Decisions(Asking()).after(interrupted)


class Asking(ProcessGroup):
    def combine(self, flags, num_bits):
        pytest.fail("asked")

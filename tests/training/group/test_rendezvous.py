"""Processes find those that were started with them, in a store that others have used before."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from torch.distributed import HashStore

from bsgrow.training.group.rendezvous import common_name
from bsgrow.training.group.torch_process_group import joined_group
from tests.training.processes import run_ranks


def meet(store, world_size):
    with ThreadPoolExecutor(world_size) as threads:
        meeting = [
            threads.submit(common_name, store, rank, world_size, 60.0)
            for rank in reversed(range(world_size))
        ]
        return {each.result() for each in meeting}


def test_those_of_each_start_have_a_name_of_their_own():
    store = HashStore()
    names = [meet(store, world_size) for world_size in (3, 3, 1, 2, 4)]
    assert [len(each) for each in names] == [1] * 5
    assert len(set.union(*names)) == 5


@pytest.mark.parametrize(
    ("rank", "reason"), [(0, "rank 1 did not come"), (1, "rank 0 did not come")]
)
def test_what_those_before_left_is_no_answer(rank, reason):
    store = HashStore()
    meet(store, 2)
    with pytest.raises(RuntimeError, match=reason):
        common_name(store, rank, 2, 0.0)


def join_twice():
    with joined_group() as group:
        group.note("run", "of before")
        group._own.set("stop", "")
    with joined_group() as group:
        return group._own.check(["stop"]), group.noted("run"), group.noted("other")


def test_what_those_before_wrote_is_gone_but_their_notes():
    assert run_ranks(2, join_twice) == [(False, "of before", None)] * 2

"""What starts real ranks for other tests: they join, say what ended them, and leave nothing."""

import os
import signal
import time

import pytest
import torch

from bsgrow.errors import InputError
from bsgrow.training.group.torch_process_group import joined_group
from tests.training.processes import Failure, Killed, run_ranks, started_ranks


def sum_of_ranks(factor):
    with joined_group() as group:
        group.open(torch.device("cpu"), 60.0)
        return group.rank, float(group.sum_(torch.tensor([group.rank * factor])))


def fail_by_rank():
    rank = int(os.environ["RANK"])
    if rank == 1:
        raise InputError("wrong", hint="right")
    if rank == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return rank


def sleep():
    time.sleep(1000)


def test_they_join_and_return():
    assert run_ranks(3, sum_of_ranks, 10.0) == [(0, 30.0), (1, 30.0), (2, 30.0)]


def test_what_ended_one_is_told():
    first, second, third = run_ranks(3, fail_by_rank)
    assert first == 0
    assert isinstance(second, Failure)
    assert (second.kind, second.message, second.hint) == (InputError, "wrong", "right")
    assert second.exit_code == 2
    assert third == Killed(-signal.SIGKILL)


def test_none_is_left_over():
    with started_ranks(2, sleep) as processes:
        with pytest.raises(TimeoutError, match=r"ranks \[0, 1\]"):
            processes.results(seconds=0.0)
        pids = processes.pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

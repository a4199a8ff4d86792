"""A process that is cut off from all others, and from torchrun's store, says so and ends."""

from contextlib import suppress
from threading import Event

import pytest
import torch
import torch.distributed as dist

from bsgrow.training.group import heartbeat as heartbeat_module
from bsgrow.training.group.heartbeat import Heartbeat
from bsgrow.training.group.lost import lost_process
from bsgrow.training.group.torch_process_group import joined_group
from tests.training.processes import run_ranks


class CutOff:
    """A store from which nothing comes."""

    def __init__(self):
        self.plugged_in = Event()

    def clone(self):
        return self

    def check(self, keys):
        self.plugged_in.wait()
        return False

    def set(self, key, value):
        self.check([key])


@pytest.fixture
def heartbeat():
    store = CutOff()
    yield Heartbeat(store, 0, 2, seconds=0.01)
    store.plugged_in.set()


def test_its_signs_of_life_end(heartbeat):
    heartbeat.close()


def test_it_does_not_wait_to_hear_who_is_missing(heartbeat, monkeypatch):
    monkeypatch.setattr(heartbeat_module, "_SECONDS_TO_ANSWER", 0.05)
    lost = lost_process(heartbeat, 0, 2, RuntimeError("timed out"))
    assert lost.message == (
        "rank 0 reaches none of the others, nor the store of the launcher: timed out"
    )


def fail_joined(on_cuda):
    """Return whether a group is still there that an error has ended."""
    with suppress(ZeroDivisionError), joined_group() as group:
        group.open(torch.device("cpu"), 60.0)
        group._on_cuda = on_cuda
        raise ZeroDivisionError
    return dist.is_initialized()


def test_sums_of_a_device_that_never_end_are_not_flushed():
    assert run_ranks(1, fail_joined, True) == [True]
    assert run_ranks(1, fail_joined, False) == [False]

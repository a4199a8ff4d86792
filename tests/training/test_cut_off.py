"""A process that is cut off from all others, and from torchrun's store, says so and ends."""

from threading import Event

import pytest

from bsgrow.training import torch_process_group
from bsgrow.training.heartbeat import Heartbeat
from bsgrow.training.torch_process_group import TorchProcessGroup


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
    monkeypatch.setattr(torch_process_group, "_SECONDS_TO_ASK", 0.05)
    group = TorchProcessGroup.__new__(TorchProcessGroup)
    group.rank, group.world_size, group._heartbeat = 0, 2, heartbeat
    lost = group._lost(RuntimeError("timed out"))
    assert lost.message == (
        "rank 0 reaches none of the others, nor the store of the launcher: timed out"
    )

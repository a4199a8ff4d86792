"""A worker that is gone is told as what a user can act on, whatever ended it."""

import os
import signal
import sys

import pytest
import torch

from bsgrow.data.arrays.returned import dataset_of
from bsgrow.errors import BsgrowError
from bsgrow.loading import make_loader
from bsgrow.loading.lost_workers import telling_lost_workers
from bsgrow.loading.settings import LoaderSettings
from bsgrow.user_code.errors import UserCodeError

MOTHER = os.getpid()


class Ending:
    """Ends whoever reads item 1."""

    num_classes = 2

    def __init__(self, end):
        self.end = end

    def __len__(self):
        return 4

    def __getitem__(self, index):
        if index == 1:
            self.end()
        return torch.zeros(1, 2, 2), 0


def leave():
    os._exit(3)


def be_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def no_shared_memory(*_):
    assert os.getpid() != MOTHER
    raise RuntimeError(
        "unable to allocate shared memory(shm) for file </torch_7_8_0>: "
        "No space left on device (28)"
    )


def read_all(end, num_workers=1):
    found = dataset_of("a:b", (Ending(end), Ending(end)), None)
    settings = LoaderSettings(2, torch.device("cpu"), num_workers=num_workers)
    with telling_lost_workers("a:b"):
        return [*make_loader(found, settings).evaluation()]


@pytest.mark.forks
@pytest.mark.parametrize(
    ("end", "how"),
    [(leave, "ended with exit code 3"), (be_killed, "was killed by a signal: Killed")],
)
def test_how_a_worker_ended_is_told(end, how):
    with pytest.raises(BsgrowError) as caught:
        read_all(end)
    assert caught.value.message == f"a worker that reads data.name = 'a:b' {how}"
    assert "run.num_workers = 0" in caught.value.hint


@pytest.mark.forks
def test_shared_memory_that_is_full_is_told_and_not_waited_for(monkeypatch):
    monkeypatch.setattr(torch.UntypedStorage, "share_memory_", no_shared_memory)
    with pytest.raises(BsgrowError, match="a:b' found no room in shared memory"):
        read_all(lambda: None)


@pytest.mark.forks
@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_data_set_that_exits_is_told_by_its_traceback(num_workers):
    with pytest.raises(UserCodeError, match="item 1: raised SystemExit: 3"):
        read_all(lambda: sys.exit(3), num_workers)


@pytest.mark.parametrize(
    ("said", "cause", "how"),
    [
        ("DataLoader worker (pid(s) 7, 8) exited unexpectedly", None, "before its work was done"),
        (
            "DataLoader worker (pid(s) 7) exited unexpectedly",
            "DataLoader worker (pid 7) is killed by signal: Segmentation fault. ",
            "was killed by a signal: Segmentation fault",
        ),
        (
            "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that …",
            None,
            "found no room in shared memory",
        ),
    ],
)
def test_what_torch_says_is_read(said, cause, how):
    with pytest.raises(BsgrowError, match=how), telling_lost_workers("a:b"):
        raise RuntimeError(said) from cause and RuntimeError(cause)


def test_any_other_error_stays_what_it_is():
    with pytest.raises(RuntimeError, match="a size"), telling_lost_workers("a:b"):
        raise RuntimeError("a size")

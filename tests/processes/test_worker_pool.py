"""Work shared among processes: the order, the errors, and what is left when somebody is killed."""

import mmap
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from multiprocessing.process import BaseProcess
from select import select

import pytest

from bsgrow.data.encoded.dataset import SampleError
from bsgrow.errors import BsgrowError
from bsgrow.processes import worker_pool
from bsgrow.processes.worker_pool import PART_BYTES, started_workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one process works")


class Content(bytes):
    """Travels as images do."""

    def __reduce__(self):
        return bytes, (pickle.PickleBuffer(self),)


@pytest.mark.parametrize("num_workers", [1, 2, 5])
@pytest.mark.parametrize("num_tasks", [0, 1, 3, 40])
def test_results_come_in_the_order_of_the_tasks(num_workers, num_tasks):
    def work(task):
        yield from range(10 * task, 10 * task + task % 4)

    expected = [result for task in range(num_tasks) for result in work(task)]
    with started_workers(work, num_workers) as run:
        assert list(run(range(num_tasks))) == expected
        assert list(run(range(num_tasks))) == expected


@pytest.mark.parametrize("num_workers", [1, 2])
def test_what_is_larger_than_a_part_comes_whole(num_workers):
    def work(task):
        yield Content(bytes([task]) * (task * PART_BYTES // 3))

    with started_workers(work, num_workers, len) as run:
        for task, result in enumerate(run(range(9))):
            assert bytes(result) == bytes([task]) * (task * PART_BYTES // 3)


@pytest.mark.parametrize("num_workers", [1, 2])
@pytest.mark.parametrize(
    "error",
    [
        BsgrowError("no room", "make some"),
        SampleError("a.jpg", "the file is empty", "remove it"),
        ZeroDivisionError("of a kind that is a mistake of ours"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_in_its_turn(num_workers, error):
    def work(task):
        yield task
        if task == 2:
            raise error

    came = []
    with (
        pytest.raises(type(error)) as caught,
        started_workers(work, num_workers) as run,
    ):
        came.extend(run(range(10)))
    assert str(caught.value) == str(error)
    assert getattr(caught.value, "hint", None) == getattr(error, "hint", None)
    if num_workers > 1 and not isinstance(error, BsgrowError):
        assert "in work" in caught.value.__notes__[0]


def test_an_error_that_cannot_be_sent_is_told_of():
    class Local(Exception):
        pass

    def work(task):
        raise Local("of this function")
        yield

    with started_workers(work, 2) as run, pytest.raises(RuntimeError, match="of this function"):
        list(run(range(3)))


def test_a_worker_that_was_killed_is_an_error():
    def work(task):
        if task == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        yield task

    with started_workers(work, 2) as run, pytest.raises(BsgrowError) as caught:
        list(run(range(10)))
    assert caught.value.message == "a worker process was killed by signal 9"
    assert "--num-workers 1" in caught.value.hint


def test_no_process_can_be_started(monkeypatch):
    def refuse(self):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(BaseProcess, "start", refuse)
    with (
        pytest.raises(BsgrowError, match="cannot start a process: Resource") as caught,
        started_workers(lambda task: [task], 2),
    ):
        pass
    assert caught.value.hint == "--num-workers 1 starts none"


def test_ctrl_c_is_left_to_the_process_that_started_them():
    def work(task):
        os.kill(os.getpid(), signal.SIGINT)
        yield task

    with started_workers(work, 2) as run:
        assert list(run(range(4))) == [0, 1, 2, 3]


def test_no_worker_is_left_behind():
    def work(task):
        yield os.getpid()

    with started_workers(work, 3) as run:
        processes = set(run(range(30)))
    assert os.getpid() not in processes
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


ALONE = """
import os, signal
from bsgrow.processes.worker_pool import started_workers
with started_workers(lambda task: [os.getpid()], 3) as run:
    print(*set(run(range(30))), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_when_the_process_that_started_them_was_killed():
    words = [sys.executable, "-c", ALONE]
    ended = subprocess.run(words, stdout=subprocess.PIPE, check=False)  # reads until all ended
    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout


@pytest.mark.parametrize("num_workers", [2, 3])
def test_no_more_than_three_parts_of_a_worker_are_in_memory(num_workers, monkeypatch):
    monkeypatch.setattr(worker_pool, "PART_BYTES", 1)  # a result is a part
    made = mmap.mmap(-1, 1000)  # shared with the workers: a byte a result
    begun, told = os.pipe()

    def work(task):
        if task == 0:  # the others come first, as far as they may
            while select([begun], [], [], 0.1)[0]:
                os.read(begun, 1)
        made[task] = 1
        os.write(told, b"x")
        yield Content(bytes(1 << 20))  # more than a pipe holds

    with started_workers(work, num_workers, len) as run:
        for num_taken, _ in enumerate(run(range(50))):
            assert sum(made[:]) - num_taken <= 3 * num_workers
    assert sum(made[:]) == 50
    os.close(begun)
    os.close(told)


def test_no_more_are_started_than_a_few_a_core(monkeypatch):
    monkeypatch.setattr(worker_pool, "num_cores", lambda: 1)
    with started_workers(lambda task: [os.getpid()], 1000) as map_in_order:
        assert len(set(map_in_order(range(100)))) <= 4
        assert len(multiprocessing.active_children()) == 4

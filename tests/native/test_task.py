"""Work in the background: what it writes, whom it keeps alive, and how it ends."""

import gc
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bsgrow import _native
from bsgrow.native import Augment, load_batch, load_batch_async

HERE = str(Path(__file__).parent)
UNWRITTEN = -7.0


class Batch:
    """A batch of small images, in the background or not."""

    def __init__(self, num: int = 500, start: int = 100, shape: tuple[int, ...] = (3, 12, 9)):
        self.images = np.random.default_rng(0).integers(0, 256, (300, *shape), dtype=np.uint8)
        self.labels = np.arange(300)
        self.out_images = np.full((num, *shape), UNWRITTEN, np.float32)
        self.out_labels = np.full(num, -1)
        self.start = start

    def load(self, function, num_threads=2, augment=None):
        return function(
            self.images,
            self.labels,
            seed=3,
            start=self.start,
            stop=self.start + len(self.out_images),
            augment=augment,
            mean=[0.5] * self.images.shape[1],
            std=[0.2] * self.images.shape[1],
            out_images=self.out_images,
            out_labels=self.out_labels,
            num_threads=num_threads,
        )

    def begin(self, **options):
        return self.load(load_batch_async, **options)

    def equals(self, other) -> bool:
        same_images = np.array_equal(self.out_images, other.out_images)
        return same_images and np.array_equal(self.out_labels, other.out_labels)


def loaded(**options) -> Batch:
    batch = Batch(**options)
    batch.load(load_batch)
    return batch


def large() -> Batch:
    """Seconds of work."""
    return Batch(16_000_000, shape=(1, 1, 1))


def run(program: str, *prefix: str) -> str:
    """Run a program in a process of its own, which must exit well."""
    program = f"import sys; sys.path.insert(0, {HERE!r})\nfrom test_task import *\n{program}"
    command = [*prefix, sys.executable, "-c", program]
    return subprocess.run(
        command, check=True, timeout=600, stdout=subprocess.PIPE, text=True
    ).stdout


@pytest.mark.parametrize("num_threads", [1, 2, 5])
@pytest.mark.parametrize("num", [0, 1, 31, 33, 500])
def test_it_writes_what_load_batch_writes(num_threads, num):
    augment = Augment(pad=2, padding="reflect", flip=True)
    ours, reference = Batch(num), Batch(num)
    ours.begin(num_threads=num_threads, augment=augment).wait()
    reference.load(load_batch, augment=augment)
    assert ours.equals(reference)


def test_it_is_done_without_anybody_waiting():
    batch = Batch()
    task = batch.begin()
    while not task.done():
        pass
    assert batch.equals(loaded())


def test_many_tasks_at_once_and_many_who_wait():
    batches = [Batch(start=start * 10) for start in range(30)]
    tasks = [batch.begin(num_threads=1 + index % 3) for index, batch in enumerate(batches)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda task: task.wait(), [*tasks, *tasks, *reversed(tasks)]))
    assert all(task.done() for task in tasks)
    assert all(batch.equals(loaded(start=batch.start)) for batch in batches)


def test_arguments_are_checked_before_it_begins():
    batch = Batch()
    batch.out_labels = batch.out_labels[1:]
    with pytest.raises(ValueError, match=r"out_labels: expected int64 \[stop - start\]"):
        batch.begin()


def test_it_keeps_its_arrays_alive_until_it_ended():
    batch = Batch(50_000)
    arrays = [weakref.ref(a) for a in (batch.images, batch.labels, batch.out_images)]
    task = batch.begin()
    del batch
    gc.collect()
    assert all(array() is not None for array in arrays)
    task.wait()
    assert all(array() is None for array in arrays)


def test_nothing_is_written_once_it_is_let_go():
    batch = Batch(50_000)
    task = batch.begin()
    del task
    batch.out_images[:] = UNWRITTEN
    written = (batch.out_images != UNWRITTEN).any()
    assert not written
    batch.begin().wait()
    assert batch.equals(loaded(num=50_000))


def test_what_was_not_begun_is_dropped_by_cancel():
    run("""
first, second = large(), Batch()
ahead = first.begin(num_threads=1)  # has the only thread of the pool
task = second.begin(num_threads=1)
task.cancel()
task.wait()
assert task.done()
assert (second.out_images == UNWRITTEN).all()
assert not ahead.done()
ahead.cancel()
ahead.wait()
assert ahead.done()
assert (first.out_images == UNWRITTEN).any()
""")


def test_a_signal_is_raised_while_it_waits_and_the_work_goes_on():
    run("""
import signal
def interrupt(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
batch = large()
task = batch.begin(num_threads=1)
try:
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    task.wait()
except KeyboardInterrupt:
    assert not task.done()
else:
    raise AssertionError("the signal went unnoticed")
num_loaded = (batch.out_labels != -1).sum()
while (batch.out_labels != -1).sum() == num_loaded:
    pass
""")


@pytest.mark.forks
@pytest.mark.skipif(sys.platform == "win32", reason="no fork on this system")
def test_a_forked_child_carries_out_what_was_under_way():
    run("""
import os
batches = [Batch(20_000, start=start) for start in range(4)]
cancelled = Batch(20_000)
tasks = [batch.begin(num_threads=1) for batch in batches]
dropped = cancelled.begin(num_threads=1)
dropped.cancel()
child = os.fork()
dropped.wait()
for start, (batch, task) in enumerate(zip(batches, tasks)):
    if start % 2:
        task.wait()
    else:
        while not task.done():
            pass
    assert batch.equals(loaded(num=20_000, start=start)), start
again = Batch()
again.begin(num_threads=3).wait()
assert again.equals(loaded())
if child == 0:
    del tasks, task
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
""")


@pytest.mark.forks
@pytest.mark.skipif(sys.platform == "win32", reason="no fork on this system")
def test_a_forked_child_lets_go_of_what_was_under_way():
    run("""
import os
tasks = [large().begin(num_threads=2) for _ in range(2)]
child = os.fork()
if child == 0:
    tasks[0].cancel()
    del tasks
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
""")


def test_the_interpreter_exits_with_tasks_under_way():
    run("""
import threading
batches = [large() for _ in range(2)]
tasks = [batch.begin(num_threads=2) for batch in batches]
threading.Thread(target=tasks[1].wait, daemon=True).start()
sys.leaked = [tasks[0]]
sys.leaked.append(sys.leaked)
""")


def test_who_waits_does_the_work_where_no_thread_can_be_made():
    stack_kilobytes = 2 * 10**11  # a thread's stack would not fit the address space
    prefix = ("bash", "-c", f'ulimit -s {stack_kilobytes} && exec "$0" "$@"')
    if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        pytest.skip("the stack size cannot be raised here")
    program = """
import os, threading
try:
    threading.Thread(target=print).start()
except RuntimeError:
    batch = Batch()
    task = batch.begin()
    assert not task.done()
    task.wait()
    assert task.done()
    assert batch.equals(loaded())
else:
    print("a thread was made")
"""
    if run(program, *prefix, "env", "OPENBLAS_NUM_THREADS=1"):
        pytest.skip("this system makes threads whatever their stack")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads as Linux shows")
def test_threads_are_shared_by_all_tasks():
    run("""
import os
Batch().begin(num_threads=2).wait()
before = os.listdir("/proc/self/task")
for index in range(300):
    tasks = [Batch(64).begin(num_threads=2) for _ in range(3)]
    if index % 2:
        tasks[0].wait()
assert os.listdir("/proc/self/task") == before
""")


def test_it_is_made_by_operations_alone():
    with pytest.raises(TypeError, match="No constructor defined"):
        _native.Task()

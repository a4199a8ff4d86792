"""However a loop over micro-batches ends, nothing leaks, hangs or changes afterwards."""

import gc
import itertools
import multiprocessing
import os  # noqa: F401 - for the programs below
import subprocess
import sys
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.loading import micro_batches_of
from bsgrow.native import Augment
from bsgrow.schedule import Update
from tests.loading.array_stream import array_loader, with_prefetch
from tests.peak_memory import IS_KNOWN, peak_kilobytes  # noqa: F401 - for the programs below

ROOT = str(Path(__file__).parent.parent.parent)
MICRO = 64
NUM_SAMPLES = 500
MICRO_BYTES = MICRO * (3 * 16 * 16 * 4 + 8)


def make_dataset():
    images = np.random.default_rng(0).integers(0, 256, (NUM_SAMPLES, 3, 16, 16), dtype=np.uint8)
    split = ArraySplit(images, np.arange(NUM_SAMPLES))
    return ArrayDataset("noise", split, split, NUM_SAMPLES, (0.5,) * 3, (0.2,) * 3, "sha256:0")


def make_loader(dataset=None, prefetch_bytes=5 * MICRO_BYTES, seed=0, micro_batch_size=MICRO):
    return array_loader(
        dataset or make_dataset(),
        Augment(pad=2, flip=True),
        with_prefetch(prefetch_bytes),
        seed=seed,
        micro_batch_size=micro_batch_size,
        num_threads=2,
    )


def updates(global_batch_size=100):
    """Yield updates without end."""
    for index in itertools.count():
        start = index * global_batch_size
        yield Update(index, start, start + global_batch_size, 0.1, 0.9)


def expected(num_batches, seed=0):
    """Return what a loader must yield, loaded in step."""
    batches = micro_batches_of(make_loader(prefetch_bytes=0, seed=seed), updates())
    return [batch.images.clone() for batch in itertools.islice(batches, num_batches)]


def check(batches, seed=0):
    """Whether the next 20 micro-batches are the first of the stream."""
    ours = [batch.images.clone() for batch in itertools.islice(batches, 20)]
    return all(map(torch.equal, ours, expected(20, seed)))


def run(program):
    program = (
        f"import sys; sys.path.insert(1, {ROOT!r})\n"
        f"from tests.loading.test_lifetimes import *\n{program}"
    )
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, check=True, timeout=600, stdout=subprocess.PIPE, text=True
    ).stdout


def finish(batches):
    return sum(1 for _ in itertools.islice(batches, 7))


def leave_early(batches):
    for _ in batches:
        break


def fail(batches):
    with suppress(ZeroDivisionError):
        for batch in batches:
            batch.start / 0


def close(batches):
    next(batches)
    batches.close()


def abandon_in_a_cycle(batches):
    next(batches)
    cycle = [batches]
    cycle.append(cycle)


def never_begin(batches):
    pass


ENDINGS = [finish, leave_early, fail, close, abandon_in_a_cycle, never_begin]


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
def test_all_memory_is_freed_however_the_loop_ends(end):
    loader = make_loader()
    end(micro_batches_of(loader, updates()))
    gc.collect()
    tracemalloc.start()
    try:
        end(micro_batches_of(loader, updates()))
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < MICRO_BYTES / 2
        assert tracemalloc.get_traced_memory()[1] < 6 * MICRO_BYTES
    finally:
        tracemalloc.stop()


def test_tensors_outlive_loader_and_data_set():
    dataset = make_dataset()
    gone = weakref.ref(dataset)
    loader = make_loader(dataset)
    batches = micro_batches_of(loader, updates())
    kept = [next(batches).images[1:] for _ in range(9)]
    batches.close()
    del batches, loader, dataset
    gc.collect()
    assert gone() is None
    assert all(map(torch.equal, kept, (images[1:] for images in expected(9))))


def test_a_step_under_way_keeps_its_micro_batch():
    weight = torch.ones(3, 16, 16, requires_grad=True)
    batches = micro_batches_of(make_loader(prefetch_bytes=1), updates())
    losses = [(batch.images * weight).sum() for batch in itertools.islice(batches, 20)]
    torch.stack(losses).sum().backward()
    total = sum(images.sum(0) for images in expected(20))
    assert torch.allclose(weight.grad, total, rtol=1e-4, atol=1e-3)


def test_two_loaders_in_turn():
    pairs = zip(
        micro_batches_of(make_loader(seed=1), updates()),
        micro_batches_of(make_loader(seed=2), updates()),
        strict=True,
    )
    first, second = zip(*itertools.islice(pairs, 20), strict=True)
    assert check(iter(first), seed=1)
    assert check(iter(second), seed=2)


def test_loaders_in_threads():
    def load(seed):
        return check(micro_batches_of(make_loader(seed=seed), updates()), seed)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(load, range(8)))


def test_evaluation_within_training():
    loader = make_loader()
    batches = micro_batches_of(loader, updates())
    ours = []
    for batch in itertools.islice(batches, 20):
        ours.append(batch.images.clone())
        labels = torch.cat([labels for _, labels in loader.evaluation()])
        assert labels.tolist() == list(range(NUM_SAMPLES))
    assert all(map(torch.equal, ours, expected(20)))


def child_check(seed):
    sys.exit(0 if check(micro_batches_of(make_loader(seed=seed), updates()), seed) else 3)


@pytest.mark.forks
@pytest.mark.skipif(sys.platform == "win32", reason="no fork on this system")
def test_a_fork_in_the_middle_goes_on_in_both():
    run("""
import os
torch.set_num_threads(1)
batches = micro_batches_of(make_loader(), updates())
ours = [next(batches).images.clone() for _ in range(10)]
child = os.fork()
ours += [next(batches).images.clone() for _ in range(10)]
assert all(map(torch.equal, ours, expected(20)))
assert check(micro_batches_of(make_loader(seed=4), updates()), 4)
if child == 0:
    batches.close()
    del batches
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
""")


@pytest.mark.parametrize(
    "method", [pytest.param("fork", marks=pytest.mark.forks), "spawn", "forkserver"]
)
def test_processes_started_in_the_middle(method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on this system")
    run(f"""
import multiprocessing
def main():
    torch.set_num_threads(1)
    batches = micro_batches_of(make_loader(), updates())
    ours = [next(batches).images.clone() for _ in range(10)]
    context = multiprocessing.get_context({method!r})
    children = [context.Process(target=child_check, args=(seed,)) for seed in range(2)]
    for child in children:
        child.start()
    ours += [next(batches).images.clone() for _ in range(10)]
    assert all(map(torch.equal, ours, expected(20)))
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
if __name__ == "__main__":
    main()
""")


def test_the_interpreter_exits_in_the_middle():
    run("""
batches = micro_batches_of(make_loader(), updates())
batch = next(batches)
sys.leaked = [batches, batch]
""")


def test_an_interrupt_in_the_middle_is_raised():
    run("""
import signal
def interrupt(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
batches = micro_batches_of(make_loader(), updates())
next(batches)  # all is imported that is: an import may swallow what interrupts it
try:
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    for batch in batches:
        pass
except KeyboardInterrupt:
    assert check(micro_batches_of(make_loader(), updates()))
""")


@pytest.mark.memory
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts files as Linux shows them")
def test_a_thousand_loaders_leave_nothing():
    run("""
def count():
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
def cycle(index):
    batches = micro_batches_of(make_loader(dataset, 1 << 20), updates())
    for _ in range(index % 4):
        next(batches)
    if index % 2:
        batches.close()
dataset = make_dataset()
for index in range(100):
    cycle(index)
before, peak = count(), peak_kilobytes()
for index in range(1000):
    cycle(index)
assert count() == before, (before, count())
assert peak_kilobytes() < peak + 8 * 1024, (peak, peak_kilobytes())
""")


@pytest.mark.memory
@pytest.mark.skipif(not IS_KNOWN, reason="no such figure on this system")
def test_peak_memory_is_the_same_at_every_global_batch():
    peaks = [
        int(
            run(f"""
loader = make_loader(prefetch_bytes=32 << 20, micro_batch_size=128)
num_samples = 0
for batch in micro_batches_of(loader, updates({global_batch_size})):
    num_samples += len(batch.labels)
    if num_samples >= 2 * 65536:
        break
print(peak_kilobytes())
""")
        )
        for global_batch_size in (128, 65536)
    ]
    assert abs(peaks[1] - peaks[0]) < 0.03 * peaks[0], peaks

"""However a loop over encoded micro-batches ends, nothing leaks, hangs or changes afterwards."""

import gc
import itertools
import multiprocessing
import os  # noqa: F401 - for the programs below
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading import micro_batches_of
from bsgrow.schedule import Update
from tests.loading.encoded_stream import make_loader
from tests.peak_memory import IS_KNOWN, peak_kilobytes  # noqa: F401 - for the programs below
from tests.photo_folder import write_photographs

ROOT = str(Path(__file__).parent.parent.parent)
MICRO = 16
NUM_BATCHES = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_photographs(tmp_path_factory.mktemp("photos"), 20, 3, sides=(16, 24))


def small_loader(folder, **options):
    given = {"crop": ResizedCrop(16), "centre_crop": CentreCrop(16, 16), "micro_batch_size": MICRO}
    return make_loader(Path(folder), **(given | options))


def updates(global_batch_size=24):
    """Yield updates without end."""
    for index in itertools.count():
        start = index * global_batch_size
        yield Update(index, start, start + global_batch_size, 0.1, 0.9)


def begun(folder, **options):
    return micro_batches_of(small_loader(folder, **options), updates())


def taken(batches, num):
    return [batch.images.clone() for batch in itertools.islice(batches, num)]


def check(folder, batches=None):
    """Whether the next micro-batches are the first of the stream, decoded by one thread."""
    ours = taken(batches or begun(folder), NUM_BATCHES)
    return all(map(torch.equal, ours, taken(begun(folder, num_threads=1), NUM_BATCHES)))


def run(program, folder):
    program = (
        f"import sys; sys.path.insert(1, {ROOT!r})\n"
        f"from tests.loading.test_encoded_lifetimes import *\nfolder = {str(folder)!r}\n{program}"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, timeout=600, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


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
def test_no_thread_is_left_however_the_loop_ends(folder, end):
    loader = small_loader(folder)
    before = threading.active_count()
    for _ in range(3):
        end(micro_batches_of(loader, updates()))
        gc.collect()
    assert threading.active_count() == before
    assert check(folder, micro_batches_of(loader, updates())), "and it can be used again"


def test_tensors_outlive_the_loader(folder):
    batches = begun(folder)
    kept = [next(batches).images[1:] for _ in range(NUM_BATCHES)]
    batches.close()
    del batches
    gc.collect()
    expected = taken(begun(folder), NUM_BATCHES)
    assert all(map(torch.equal, kept, (images[1:] for images in expected)))


def test_evaluation_within_training(folder):
    loader = small_loader(folder)
    ours = []
    for batch in itertools.islice(micro_batches_of(loader, updates()), NUM_BATCHES):
        ours.append(batch.images.clone())
        assert sum(len(labels) for _, labels in loader.evaluation()) == 6
    assert all(map(torch.equal, ours, taken(begun(folder), NUM_BATCHES)))


def child_check(folder):
    sys.exit(0 if check(folder) else 3)


@pytest.mark.parametrize(
    "method", [pytest.param("fork", marks=pytest.mark.forks), "spawn", "forkserver"]
)
def test_processes_started_in_the_middle(folder, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on this system")
    run(
        f"""
def main():
    torch.set_num_threads(1)
    batches = begun(folder)
    ours = taken(batches, 5)
    context = multiprocessing.get_context({method!r})
    children = [context.Process(target=child_check, args=(folder,)) for _ in range(2)]
    for child in children:
        child.start()
    ours += taken(batches, 5)
    assert all(map(torch.equal, ours, taken(begun(folder), 10)))
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
if __name__ == "__main__":
    main()
""",
        folder,
    )


def test_the_interpreter_exits_in_the_middle(folder):
    run("batches = begun(folder)\nsys.leaked = [batches, next(batches)]", folder)


def test_an_interrupt_in_the_middle_is_raised(folder):
    """Not while the standard library's threads hand something over: there it may leave a lock."""
    program = """
import signal
def interrupt(number, frame):
    while frame is not None:
        if frame.f_code.co_filename == threading.__file__:
            signal.setitimer(signal.ITIMER_REAL, 0.001)
            return
        frame = frame.f_back
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
batches = begun(folder)
next(batches)  # all is imported that is: an import may swallow what interrupts it
try:
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    for batch in batches:
        pass
except KeyboardInterrupt:
    print("raised")
assert check(folder)
"""
    assert run(program, folder) == "raised\n"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts files as Linux shows them")
def test_a_hundred_loaders_leave_nothing(folder):
    run(
        """
def count():
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
def cycle(index):
    batches = begun(folder)
    for _ in range(index % 4):
        next(batches)
    if index % 2:
        batches.close()
for index in range(20):
    cycle(index)
gc.collect()
before = count()
for index in range(100):
    cycle(index)
gc.collect()
assert count() == before, (before, count())
""",
        folder,
    )


@pytest.mark.memory
@pytest.mark.skipif(not IS_KNOWN, reason="no such figure on this system")
def test_peak_memory_is_the_same_at_every_global_batch(folder):
    """At 512 times the batch, as 65 536 is of 128, in micro-batches of the same size."""
    program = """
num_samples = 0
for batch in micro_batches_of(small_loader(folder), updates({size})):
    num_samples += len(batch.labels)
    if num_samples >= 8192:
        break
print(peak_kilobytes())
"""
    peaks = [int(run(program.format(size=size), folder)) for size in (16, 8192)]
    assert abs(peaks[1] - peaks[0]) < 0.03 * peaks[0], peaks

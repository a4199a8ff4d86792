"""Peak memory: of a stretch, with the workers, and in a process that does nothing else."""

import mmap
import multiprocessing
import multiprocessing.util
import os
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
import torch

from bsgrow.bench import memory
from bsgrow.bench.memory import PeakMemory, watched_memory
from bsgrow.bench.training_memory import measure_peaks
from bsgrow.native import Augment
from bsgrow.recipe import load_recipe, resolve
from tests.peak_memory import hold

CPU = torch.device("cpu")
MIB = 2**20
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def peak_of(work):
    with watched_memory(CPU) as watch:
        kept = work()
    del kept
    return watch.peak


def nothing():
    pass


def mapped(num_bytes):
    """Memory that is new, whatever was left to be used again."""
    memory = mmap.mmap(-1, num_bytes)
    memory.write(bytes(num_bytes))
    return memory


@pytest.fixture(scope="module")
def alone():
    """A process that holds nothing of other tests, which could let go of it meanwhile."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield lambda work: pool.submit(work).result(120)


def around_a_mapping():
    return peak_of(nothing), peak_of(lambda: mapped(256 * MIB)), peak_of(nothing)


@linux
def test_it_is_that_of_the_stretch(alone):
    before, held, after = alone(around_a_mapping)
    assert held.host_bytes >= before.host_bytes + 240 * MIB
    assert after.host_bytes < held.host_bytes - 200 * MIB
    assert held.device_bytes is None


def around_a_worker():
    context = multiprocessing.get_context("spawn")
    ready, over = context.Event(), context.Event()
    worker = context.Process(target=hold, args=(100 * MIB, ready, over))

    def work():
        worker.start()
        ready.wait(60)
        time.sleep(0.2)
        over.set()
        worker.join(60)

    return peak_of(nothing), peak_of(work)


@linux
def test_worker_processes_count(alone):
    before, during = alone(around_a_worker)
    assert during.host_bytes >= before.host_bytes + 95 * MIB


def around_a_fork():
    held = torch.ones(2**25)
    before = peak_of(nothing)
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    try:
        return held.nbytes, before, peak_of(lambda: time.sleep(0.2))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@linux
def test_what_a_forked_worker_shares_counts_once(alone):
    """A child of a process that holds much has it too, and costs nothing."""
    num_bytes, before, during = alone(around_a_fork)
    assert during.host_bytes < before.host_bytes + num_bytes / 2


def test_elsewhere_it_is_not_known(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_PROC", tmp_path / "none")
    assert peak_of(nothing) == PeakMemory(None, None)


def test_the_sampler_ends_with_the_stretch_whatever_happens():
    with pytest.raises(RuntimeError, match="broken"), watched_memory(CPU):
        raise RuntimeError("broken")
    assert all(thread.name != "bsgrow-memory" for thread in threading.enumerate())


def recipe(*settings):
    given = ["run.micro_batch_size=32", "run.device=cpu", *settings]
    return resolve(load_recipe("digits", given), 1)


@linux
@pytest.mark.parametrize("system", ["limit", "bsgrow", "torch"])
def test_each_way_of_training_has_a_process_of_its_own(system):
    ours = torch.ones(2**28)  # 1 GiB, which is not theirs
    peaks = measure_peaks(system, recipe(), (64, 32), 0.0)
    assert list(peaks) == [32, 64]
    for peak in peaks.values():
        assert 50 * MIB < peak.host_bytes < ours.nbytes
        assert peak.device_bytes is None


def test_what_cannot_be_measured_is_not_there(capfd):
    unchecked = recipe().model_copy(update={"augment": Augment(pad=8)})  # as wide as the images
    assert measure_peaks("bsgrow", unchecked, (32,), 0.0) == {}
    assert capfd.readouterr() == ("", "")


@linux
def test_an_interrupt_ends_the_process_and_its_workers():
    def interrupt(*_):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    own = Path(f"/proc/self/task/{os.getpid()}/children")
    before = set(own.read_text().split())
    signal.setitimer(signal.ITIMER_REAL, 5.0)
    try:
        with pytest.raises(KeyboardInterrupt):
            measure_peaks("torch", recipe(), (32,), 1e6)
    finally:
        signal.signal(signal.SIGALRM, previous)
    new = set(own.read_text().split()) - before
    names = {process: Path(f"/proc/{process}/cmdline").read_text() for process in new}
    assert all("resource_tracker" in name for name in names.values()), names


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_process_starts_waits_for_it(monkeypatch, capfd, number):
    """Until it has its work it is no child to end, and would complain of a pipe that is empty."""
    spawn = multiprocessing.util.spawnv_passfds

    def interrupted(path, words, fds):
        process = spawn(path, words, fds)
        if not any("resource_tracker" in str(word) for word in words):
            signal.raise_signal(number)
        return process

    monkeypatch.setattr(multiprocessing.util, "spawnv_passfds", interrupted)
    others = multiprocessing.active_children()
    previous = signal.signal(number, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            measure_peaks("bsgrow", recipe(), (32,), 5.0)
    finally:
        signal.signal(number, previous)
    assert multiprocessing.active_children() == others
    assert "Traceback" not in capfd.readouterr().err

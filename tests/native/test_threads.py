"""The thread pool: many callers at once, forked children, interpreter exit, instruction sets."""

import hashlib
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bsgrow import _native
from bsgrow.native import Augment, load_batch

HERE = str(Path(__file__).parent)
IMAGES = np.random.default_rng(0).integers(0, 256, (300, 3, 20, 33), dtype=np.uint8)
LABELS = np.arange(300)


def digest(start: int, num_threads: int, dtype: type = np.float32) -> str:
    out_images = np.zeros((256, 3, 20, 33), dtype)
    out_labels = np.zeros(256, np.int64)
    load_batch(
        IMAGES,
        LABELS,
        seed=3,
        start=start,
        stop=start + 256,
        augment=Augment(pad=3, padding="reflect", flip=True),
        mean=[0.5] * 3,
        std=[0.2] * 3,
        out_images=out_images,
        out_labels=out_labels,
        num_threads=num_threads,
    )
    return hashlib.sha256(out_images.tobytes() + out_labels.tobytes()).hexdigest()


def all_digests() -> list[str]:
    return [digest(100, 2, dtype) for dtype in (np.float32, np.float16, np.uint16)]


def test_many_callers_at_once():
    starts = [start * 50 for start in range(40)]
    expected = [digest(start, 1) for start in starts]
    with ThreadPoolExecutor(8) as callers:
        results = list(callers.map(lambda start: digest(start, 1 + start % 4), starts))
    assert results == expected


@pytest.mark.forks
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_makes_its_own_pool():
    expected = digest(0, 4)  # the parent's pool is up
    program = f"""
import os, sys
sys.path.insert(0, {HERE!r})
from test_threads import digest
assert digest(0, 4) == {expected!r}
child = os.fork()
if child == 0:
    os._exit(0 if digest(0, 4) == {expected!r} else 3)
assert os.waitpid(child, 0)[1] == 0
assert digest(0, 4) == {expected!r}
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_spawned_child_gives_the_same():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(digest, (0, 4)) == digest(0, 4)


def test_the_interpreter_exits_with_a_pool_and_calls_under_way():
    program = f"""
import sys, threading
sys.path.insert(0, {HERE!r})
from test_threads import digest
started = threading.Event()
def work():
    while True:
        digest(0, 3)
        started.set()
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
started.wait()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def run_with(instruction_set: str) -> subprocess.CompletedProcess[str]:
    program = f"""
import sys
sys.path.insert(0, {HERE!r})
from test_threads import all_digests
print(*all_digests())
"""
    return subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"BSGROW_INSTRUCTION_SET": instruction_set},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("instruction_set", ["baseline", "avx2", "avx512", "avx512bf16"])
def test_every_instruction_set_gives_the_same(instruction_set):
    result = run_with(instruction_set)
    if "on this machine" in result.stderr:
        pytest.skip(f"this machine lacks {instruction_set}")
    assert result.stdout.split() == all_digests(), result.stderr


def test_an_unknown_instruction_set_is_named():
    result = run_with("mmx")
    assert "BSGROW_INSTRUCTION_SET: expected one of" in result.stderr
    assert "got mmx" in result.stderr


def test_the_instruction_set_in_use_is_told():
    assert _native.instruction_set() in {"baseline", "avx2", "avx512", "avx512bf16"}

"""The thread pool: many callers at once, forked children, interpreter exit, instruction sets."""

import hashlib
import itertools
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

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


def image_digest(dtype: type, batch_size: int, channels_last: bool, **augment: Any) -> str:
    """Of 32x32x3, whose rows are whole blocks, and 28x28x3, whose last block is shifted back."""
    digests = hashlib.sha256()
    for side in (32, 28):
        images = np.resize(IMAGES, (60, 3, side, side))
        shape = (batch_size, side, side, 3) if channels_last else (batch_size, 3, side, side)
        out_images = np.zeros(shape, dtype)
        load_batch(
            images,
            LABELS[:60],
            seed=3,
            start=7,
            stop=7 + batch_size,
            augment=Augment(pad=4, flip=True, **augment),
            mean=[0.5, 0.4, 0.3],
            std=[0.2, 0.3, 0.25],
            out_images=out_images.transpose(0, 3, 1, 2) if channels_last else out_images,
            out_labels=np.zeros(batch_size, np.int64),
            num_threads=2,
        )
        digests.update(out_images)
    return digests.hexdigest()


def all_digests() -> list[str]:
    """Every dtype and layout, with and without a hole, within the caches and past them."""
    dtypes = (np.float32, np.float16, np.uint16)
    digests = [digest(100, 2, dtype) for dtype in dtypes]
    for dtype, channels_last, cutout in itertools.product(dtypes, (False, True), (0, 9)):
        digests.append(image_digest(dtype, 40, channels_last, cutout=cutout))
        digests.append(image_digest(dtype, 2000, channels_last, cutout=cutout))
    return digests


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
    subprocess.run([sys.executable, "-c", program], check=True, timeout=600)


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
    subprocess.run([sys.executable, "-c", program], check=True, timeout=600)


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
        timeout=600,
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

"""Damaged IDX files and CIFAR archives: read as they were, or refused with an error of ours.

    python -m tests.fuzz.fuzz_archives [SECONDS]

The seed is printed, and FUZZ_SEED repeats it. Pixels of an IDX file are those that the standard
library unpacks; no case takes more memory than the set and a few chunks.
"""

import gzip
import random
import struct
import sys
import tarfile
import tempfile
import tracemalloc
from functools import partial
from pathlib import Path

import numpy as np

from bsgrow.data.arrays import cifar_binary
from bsgrow.data.arrays.idx import read_idx
from bsgrow.errors import BsgrowError
from tests.data.cifar_files import Small
from tests.fuzz.binary_mutations import mutate
from tests.fuzz.running import base_seed, run_for

MOST_MEMORY = 4 << 20
MOST_BESIDE = 1 << 20
SHAPE = (50, 4, 5)
PIXELS = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
IDX = bytes((0, 0, 8, 3)) + struct.pack(">3I", *SHAPE) + PIXELS.tobytes()
TAR_FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)


def packed(rng: random.Random, content: bytes) -> bytes:
    """By gzip, in one member or some, perhaps with what follows it."""
    parts = [content]
    if rng.random() < 0.3:
        cut = rng.randrange(len(content) + 1)
        parts = [content[:cut], b"", content[cut:]]
    tails = (b"", bytes(rng.randrange(2000)), gzip.compress(bytes(rng.randrange(1 << 22)), 1))
    tail = rng.choices(tails, (6, 1, 1))[0]
    return b"".join(gzip.compress(part, rng.choice((0, 1, 6))) for part in parts) + tail


def damaged(rng: random.Random, content: bytes) -> bytes:
    """Damaged before it is packed, after it, or not packed at all."""
    kind = rng.randrange(3)
    if kind == 0:
        return bytes(mutate(rng, content, 1024))
    if kind == 1:
        return packed(rng, bytes(mutate(rng, content, 1024)))
    return bytes(mutate(rng, packed(rng, content), 64))


def idx_case(folder: Path, rng: random.Random) -> bool:
    """One damaged IDX file; returns whether it was still read."""
    content = damaged(rng, IDX)
    (folder / "idx").write_bytes(content)
    array = read_or_refused(lambda: read_idx(folder / "idx", SHAPE))
    if array is None:
        return False
    assert array.shape == SHAPE
    assert array.tobytes() == unpacked(content)[len(IDX) - PIXELS.size :]
    return True


def unpacked(content: bytes) -> bytes:
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def cifar_case(small: Small, tars: list[bytes], rng: random.Random) -> bool:
    """One damaged archive, or folder with a damaged file; returns whether it was still read."""
    if rng.random() < 0.2:
        path = small.unpack(small.folder / "unpacked")
        name = rng.choice(small.layout.file_names)
        (path / name).write_bytes(mutate(rng, small.files[name], 64))
    else:
        path = small.folder / "archive"
        path.write_bytes(damaged(rng, rng.choice(tars)))
    splits = read_or_refused(lambda: small.load(path))
    if splits is None:
        return False
    train, test = splits
    assert len(train) == sum(size for _, size in small.layout.train_files)
    assert 0 <= test.labels.min() <= test.labels.max() < small.layout.label_limits[-1]
    return True


def read_or_refused(read):
    """What is read, within memory; None: it was refused in a line, with what to do about it."""
    tracemalloc.start()
    refusal, result = None, None
    try:
        result = read()
    except BsgrowError as error:
        refusal = error
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MOST_MEMORY, peak
    assert refusal is None or (refusal.hint and str(refusal).isprintable()), refusal
    return result


def tars_of(small: Small) -> list[bytes]:
    """In each format, with a long name and, where it has such, records."""
    small.files["n" * 95 + ".txt"] = b"airplane\n"
    path, contents = small.folder / "tar", []
    for form in TAR_FORMATS:
        with tarfile.open(path, "w", format=form) as tar:
            for name in small.files:
                (small.folder / "member").write_bytes(small.files[name])
                tar.add(small.folder / "member", f"{small.layout.folder}/{name}")
        contents.append(path.read_bytes())
    return contents


def main(seconds: float = 60.0) -> int:
    """Fuzzes IDX files for a third of the time, then archives; returns the number of cases."""
    first_seed = base_seed()
    print(f"fuzz_archives: FUZZ_SEED={first_seed}", flush=True)
    cifar_binary._MOST_BESIDE = MOST_BESIDE
    with tempfile.TemporaryDirectory() as name:
        small = Small("cifar100", Path(name), num_test=2)
        num_idx = run_for(seconds / 3, partial(idx_case, Path(name)), first_seed=first_seed)
        case = partial(cifar_case, small, tars_of(small))
        num_archives = run_for(seconds * 2 / 3, case, first_seed=first_seed)
    print(f"fuzz_archives: {num_idx} IDX files and {num_archives} archives, no findings")
    return num_idx + num_archives


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))

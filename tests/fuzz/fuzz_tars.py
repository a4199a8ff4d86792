"""Tars of all kinds of members, damaged: the index says what Python alone says, errors included.

    python -m tests.fuzz.fuzz_tars [SECONDS]

The seed is printed, and FUZZ_SEED repeats it. Most headers get a right checksum after the damage,
so that what is behind it is reached.
"""

import random
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.data.tar_files import (
    by_index,
    by_python_alone,
    checksummed,
    member,
    pax,
    pax_records,
    read_by,
)
from tests.fuzz.binary_mutations import mutate
from tests.fuzz.running import base_seed, run_for

KEYS = (b"a", b"b", b"dir/a", b"dir.x/b", b"n" * 90)
EXTENSIONS = (b"jpg", b"cls", b"PNG", b"json", b"seg.png", b"1.cls", b"meta.json", b"")
CONTENTS = (b"1", b"12\n", b" 0 ", b"", b"x" * 700, b"9" * 33)
RECORDS = ({"path": b"c.jpg"}, {"size": b"1"}, {"mtime": b"1.5"}, {"GNU.sparse.major": b"1"})


def sample(rng: random.Random) -> bytes:
    """The members of a sample, mostly whole."""
    key = rng.choice(KEYS) + b"%d" % rng.randrange(1000)
    records = pax(mtime=b"1700000000.5") if rng.random() < 0.3 else b""
    names = [b"jpg", b"cls"] if rng.random() < 0.85 else [b"cls", *rng.sample(EXTENSIONS, 2)]
    rng.shuffle(names)
    label = rng.choice(CONTENTS) if rng.random() < 0.2 else b"3"
    contents = {b"cls": label}
    return b"".join(
        records + member(key + b"." + name, contents.get(name, b"y" * 600)) for name in names
    )


def odd_member(rng: random.Random) -> bytes:
    """Any member, behind any metadata."""
    name = rng.choice(KEYS) + b"." + rng.choice(EXTENSIONS)
    body = member(
        name, rng.choice(CONTENTS), kind=rng.choice((b"0", b"0", b"\0", b"7", b"5", b"2"))
    )
    records = rng.choice(RECORDS)
    before = (
        pax(**records),
        member(b"g", pax_records(records), kind=b"g"),
        member(b"L", name + b"\0", kind=b"L"),
        member(b"K", b"somewhere\0", kind=b"K"),
    )
    return b"".join(rng.sample(before, rng.choice((0, 0, 1, 2)))) + body


def damaged_tar(rng: random.Random) -> bytearray:
    """Up to eight samples and odd members, changed here and there."""
    makers = rng.choices((sample, odd_member), (5, 1), k=rng.randint(1, 8))
    whole = b"".join(make(rng) for make in makers) + bytes(1024)
    if rng.random() < 0.2:
        return bytearray(whole)
    content = mutate(rng, whole, min(2048, len(whole)))
    for start in range(0, len(content) - 511, 512):
        if whole[start + 257 : start + 262] == b"ustar" and rng.random() < 0.9:
            content[start : start + 512] = checksummed(content[start : start + 512])
    return content


def case(path: Path, rng: random.Random) -> bool:
    """One tar; returns whether it was read."""
    path.write_bytes(damaged_tar(rng))
    outcome = read_by(by_index, path)
    assert outcome == read_by(by_python_alone, path)
    return isinstance(outcome[0], list)


def main(seconds: float = 60.0) -> int:
    """Returns the number of cases."""
    first_seed = base_seed()
    print(f"fuzz_tars: FUZZ_SEED={first_seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        num = run_for(seconds, partial(case, Path(folder) / "0.tar"), first_seed=first_seed)
    print(f"fuzz_tars: {num} tars, no findings")
    return num


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))

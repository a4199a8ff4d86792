"""Odd checkpoints with manifests that fit: taken up, and then trained on, or refused by us.

    python -m tests.fuzz.fuzz_checkpoint [SECONDS]

The seed is printed, and FUZZ_SEED repeats it.
"""

import io
import random
import sys
import tempfile
import zipfile
from copy import deepcopy
from functools import partial
from pathlib import Path

import torch

from bsgrow.errors import BsgrowError
from bsgrow.training.checkpoint.checkpoint import newest_checkpoint
from bsgrow.training.checkpoint.folder import checkpoint_path
from tests.fuzz.binary_mutations import mutate
from tests.fuzz.running import base_seed, run_for
from tests.training.checkpoint.checkpoint_files import (
    ADAM,
    NESTEROV,
    SmallRun,
    follow,
    places,
    write_manifest,
)

CONFIGS = (NESTEROV, ADAM)
KINDS = {torch.Tensor, dict, type(torch.nn.Module().state_dict()), list, int, float, str}
VALUES = (0, 1, -1, 2**62, 2**200, 1.5, float("nan"), float("inf"), True, None, "x", (), [], {})


def made(folder: Path) -> list[bytes]:
    """A checkpoint after three updates of each kind of run."""
    paths = [SmallRun(c).advance(3).save(folder / str(i)) for i, c in enumerate(CONFIGS)]
    return [path.read_bytes() for path in paths]


def other_bytes(rng: random.Random, content: bytes) -> bytes:
    return bytes(mutate(rng, content, len(content) // 8))


def other_pickle(rng: random.Random, content: bytes) -> bytes:
    """The archive written anew around a damaged entry, mostly the pickle; its checksums fit."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        damaged = rng.choice(old.namelist()) if rng.random() < 0.2 else "archive/data.pkl"
        for name in old.namelist():
            entry = old.read(name)
            new.writestr(name, bytes(mutate(rng, entry, 400)) if name == damaged else entry)
    return stream.getvalue()


def other_state(rng: random.Random, content: bytes) -> bytes:
    """A value somewhere in the state, replaced by another; a key more, or fewer."""
    state = torch.load(io.BytesIO(content), weights_only=True)
    *outer, key = rng.choice([at for at in places(state, KINDS) if at])
    inside = follow(state, outer)
    chosen = rng.random()
    if chosen < 0.15:
        del inside[key]
    elif chosen < 0.3 and isinstance(inside, dict):
        inside[rng.choice((7, "x", "\x1b"))] = other_value(rng, inside[key])
    else:
        inside[key] = other_value(rng, inside[key])
    stream = io.BytesIO()
    torch.save(state, stream)
    return stream.getvalue()


def other_value(rng: random.Random, value: object) -> object:
    if isinstance(value, torch.Tensor) and rng.random() < 0.8:
        sizes = [rng.randrange(4) for _ in range(rng.randrange(5))]
        dtype = rng.choice((value.dtype, value.dtype, torch.float16, torch.int8, torch.bool))
        same = rng.random() < 0.4
        odd = torch.zeros(value.shape if same else sizes, dtype=dtype)
        return odd.expand(2, *odd.shape)[rng.randrange(2)] if rng.random() < 0.3 else odd
    return deepcopy(rng.choice(VALUES))


def case(folder: Path, contents: list[bytes], rng: random.Random) -> bool:
    """One odd checkpoint; returns whether it was taken up, after an update that follows."""
    kind = rng.randrange(len(CONFIGS))
    change = rng.choice((other_bytes, other_pickle, other_state))
    path = checkpoint_path(folder, 3)
    path.write_bytes(change(rng, contents[kind]))
    write_manifest(path)
    run = SmallRun(CONFIGS[kind], seed=1)
    before = run.state()
    refusal = None
    try:
        newest = newest_checkpoint(folder, run.plan, run.model, run.optimizer)
        assert newest.path == path
        run.load(path)
    except BsgrowError as error:
        refusal = error
    if refusal is None:
        run.advance(1)
        return True
    assert refusal.message.isprintable()
    assert run.state() == before
    return False


def main(seconds: float = 60.0) -> int:
    """Fuzzes for so long; returns the number of cases."""
    torch.set_num_threads(1)
    first_seed = base_seed()
    print(f"fuzz_checkpoint: FUZZ_SEED={first_seed}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        contents = made(Path(name) / "whole")
        num_cases = run_for(seconds, partial(case, Path(name), contents), first_seed=first_seed)
    print(f"fuzz_checkpoint: {num_cases} checkpoints, no findings")
    return num_cases


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))

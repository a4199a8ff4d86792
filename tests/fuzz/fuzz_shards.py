"""Damaged shards and tars: read in full, or refused with an error of ours; never anything else.

    python -m tests.fuzz.fuzz_shards [SECONDS]

The seed is printed, and FUZZ_SEED repeats it.
What is read of a shard must be what was packed: a checksum stands for each image.
"""

import random
import struct
import sys
import tarfile
import tempfile
from functools import partial
from pathlib import Path

from bsgrow.data.encoded.webdataset import WebDatasetSplit
from bsgrow.data.shards import open_shards
from bsgrow.data.verify import verify
from bsgrow.errors import BsgrowError
from tests.data.shard_files import images_of, shard_bytes, with_right_checksum
from tests.data.tar_files import FORMATS, make_tar
from tests.fuzz.binary_mutations import mutate
from tests.fuzz.running import base_seed, run_for

IMAGES = images_of(6)
SHARD = shard_bytes(IMAGES)
INDEX_BYTES = struct.unpack_from("<Q", SHARD, 16)[0]


def shard_case(folder: Path, rng: random.Random) -> bool:
    """One damaged shard, mostly with a right checksum; returns whether it was still opened."""
    content = mutate(rng, SHARD, INDEX_BYTES)
    if rng.random() < 0.8:
        content = with_right_checksum(content)
    (folder / "shard-000000.bsgrow").write_bytes(content)
    try:
        split = open_shards(folder)
    except BsgrowError:
        return False
    _read_all(split, IMAGES)
    assert verify(folder, num_workers=1).num_samples == len(split)
    return True


def tar_case(folder: Path, tars: list[bytes], rng: random.Random) -> bool:
    """One damaged tar; returns whether it was still opened."""
    whole = rng.choice(tars)
    (folder / "0.tar").write_bytes(mutate(rng, whole, 1536))
    try:
        split = WebDatasetSplit(folder)
    except BsgrowError:
        return False
    _read_all(split, None)
    _check_nothing_is_lost(folder / "0.tar", split)
    return True


def _check_nothing_is_lost(path, split):
    """What the standard library finds behind zeros and damaged headers too has been read.

    It refuses a header whose owner, say, is no number, even under a right checksum; nothing is made
    of the owner here.
    """
    with tarfile.open(path, ignore_zeros=True) as tar:
        offsets = [member.offset_data for member in tar if member.isreg()]
    places = [split.locate(sample) for sample in range(len(split))]
    read = {int(place.partition(" at byte ")[2].split()[0]) for place in places}
    content = path.read_bytes()
    refused = {offset for offset in read - {*offsets} if _is_sound(content[offset - 512 : offset])}
    assert read <= {*offsets} | refused
    assert 2 * (len(split) - len(refused)) <= len(offsets) <= 2 * len(split)


def _is_sound(header):
    return tarfile.nti(header[148:156]) in tarfile.calc_chksums(header)


def _read_all(split, images):
    assert len(split.labels) == len(split)
    assert split.labels.min() >= 0
    assert split.labels.max() < len(split.class_names)
    assert split.fingerprint.startswith("sha256:")
    for sample in range(len(split)):
        assert split.locate(sample).isprintable()
        try:
            content = bytes(split.read(sample))
        except BsgrowError:
            continue
        assert images is None or content in images


def tars_in(folder: Path) -> list[bytes]:
    members = [("a/1.jpg", b"one" * 300), ("a/1.cls", b"1"), ("x" * 120 + ".png", b"two")]
    members.append(("x" * 120 + ".cls", b"0"))
    paths = [make_tar(folder / f"{n}.tar", members, FORMATS[n]) for n in ("gnu", "pax")]
    contents = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    return contents


def main(seconds: float = 60.0) -> int:
    """Fuzzes shards for two thirds of the time, then tars; returns the number of cases."""
    first_seed = base_seed()
    print(f"fuzz_shards: FUZZ_SEED={first_seed}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        shards, tars = Path(name) / "shards", Path(name) / "tars"
        shards.mkdir()
        tars.mkdir()
        num_shards = run_for(seconds * 2 / 3, partial(shard_case, shards), first_seed=first_seed)
        case = partial(tar_case, tars, tars_in(tars))
        num_tars = run_for(seconds / 3, case, first_seed=first_seed)
    print(f"fuzz_shards: {num_shards} shards and {num_tars} tars, no findings")
    return num_shards + num_tars


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))

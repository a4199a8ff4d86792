"""Damaged shards and tars: read in full, or refused with an error of ours; never anything else.

    python -m tests.fuzz.fuzz_shards [SECONDS]

The seed is printed, and FUZZ_SEED repeats it.
What is read of a shard must be what was packed: a checksum stands for each image.
"""

import logging
import random
import struct
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bsgrow.data.encoded.tally import Tally
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
        with _tallies() as told:
            split = WebDatasetSplit(folder)
    except BsgrowError:
        return False
    _read_all(split, None)
    _check_nothing_is_lost(folder / "0.tar", split, sum(tally.count for tally in told))
    return True


def _check_nothing_is_lost(path, split, num_told):
    """What the standard library finds behind zeros and damaged headers too was read, or told of.

    It refuses a header whose owner, say, is no number, even under a right checksum; nothing is made
    of the owner here.
    """
    files, has_given_up = _files_in(path)
    offsets = {member.offset_data for member in files}
    places = [split.locate(sample) for sample in range(len(split))]
    read = {int(place.partition(" at byte ")[2].split()[0]) for place in places}
    content = path.read_bytes()
    refused = {offset for offset in read - offsets if _is_sound(content[offset - 512 : offset])}
    assert read <= offsets | refused
    assert has_given_up or 2 * (len(split) - len(refused)) <= len(files)
    keys = {_key_and_extension(file)[0] for file in files if file.offset_data in read}
    assert sum(not _is_beside(file, keys) for file in files) <= 2 * len(split) + num_told


def _files_in(path):
    """What the standard library finds, and whether it gave up, as behind a damaged long name."""
    files = []
    with tarfile.open(path, ignore_zeros=True) as tar:
        try:
            files.extend(member for member in tar if member.isreg())
        except tarfile.ReadError:
            return files, True
    return files, False


def _is_beside(file, keys):
    """Whether it is a further file of a sample, such as key.json, which is not told of."""
    key, extension = _key_and_extension(file)
    return key in keys and extension.lower() not in ("jpg", "jpeg", "png", "webp", "cls")


def _key_and_extension(file):
    folder, slash, name = file.name.rpartition("/")
    key, _, extension = name.partition(".")
    return folder + slash + key, extension


@contextmanager
def _tallies() -> Iterator[list[Tally]]:
    """What is said meanwhile to have been passed over."""
    log, told = logging.getLogger("bsgrow.data.encoded.webdataset"), []

    def keep(record):
        told.extend(part for part in record.args if isinstance(part, Tally))
        return False

    log.addFilter(keep)
    try:
        yield told
    finally:
        log.removeFilter(keep)


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

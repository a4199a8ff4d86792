"""The layouts of encoded images: a folder's photographs in tars, and where a sample's bytes are."""

import re
from pathlib import Path
from typing import NamedTuple

from tests.data.tar_files import make_tar


class Place(NamedTuple):
    """Where a sample is: which one, its file, and its bytes in it."""

    sample: int
    path: Path
    offset: int
    num_bytes: int


def place_of(split, sample):
    where = re.match(r"(.*) at byte (\d+) \(", split.locate(sample))
    path, offset = where.groups() if where else (split.locate(sample), 0)
    return Place(sample, Path(path), int(offset), len(split.read(sample)))


def write_tars(photos, root):
    """One tar a class."""
    for split in ("train", "val"):
        (root / split).mkdir(parents=True)
        for label, name in enumerate(("china", "flower")):
            members = []
            for path in sorted((photos / split / name).iterdir()):
                members += [(path.name, path.read_bytes()), (f"{path.stem}.cls", b"%d" % label)]
            make_tar(root / split / f"{label}.tar", members)


def damage(split, sample):
    """Write zeros over the second half of an image; returns where it is."""
    place = place_of(split, sample)
    half = place.num_bytes // 2
    with place.path.open("r+b") as stream:
        stream.seek(place.offset + half)
        stream.write(bytes(place.num_bytes - half))
    return split.locate(sample)

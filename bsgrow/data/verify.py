"""Checking a data set from end to end: every index, every checksum, and on request every image."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bsgrow.data.arrays.npz import read_roles
from bsgrow.data.arrays.own import make_split, pairs_of
from bsgrow.data.encoded.dataset import DamagedError
from bsgrow.data.encoded.layouts import (
    TARS,
    find_layout,
    kind_of,
    tell_what_is_beside,
    tell_what_is_left,
)
from bsgrow.data.encoded.names import Names
from bsgrow.data.encoded.opening import check_same_classes
from bsgrow.data.encoded.spec import LAYOUTS
from bsgrow.data.encoded.split_folders import TEST_FOLDERS, TRAIN_FOLDER, is_data_set
from bsgrow.data.packing.source import open_images
from bsgrow.data.parquet.files import holds_parquet
from bsgrow.data.parquet.split import open_splits
from bsgrow.data.shards import check_complete, check_same_texts, open_index, shard_paths
from bsgrow.data.shards.layout import RECORD, Index
from bsgrow.data.verify_samples import Part, SampleChecks, num_useful, runs_of, size_of
from bsgrow.errors import BsgrowError, InputError
from bsgrow.images.encoded import Encoded
from bsgrow.images.pillow import quiet_pillow
from bsgrow.processes.worker_pool import num_cores, started_workers
from bsgrow.text.command import Command, argument
from bsgrow.text.printable import printable


class _Split(NamedTuple):
    """What could be opened of a split; no class names where it has none."""

    class_names: tuple[str, ...]
    parts: list[Part]


@dataclass
class Verification:
    """What was found.

    Args:
        num_samples: how many were looked at.
        num_bytes: of their images.
        damaged: each file or sample that cannot be used, in order.
        left_out: names of the source files that packing had left out.
    """

    num_samples: int = 0
    num_bytes: int = 0
    damaged: list[DamagedError] = field(default_factory=list)
    left_out: list[bytes] = field(default_factory=list)


def verify(
    path: Path,
    *,
    decode: bool = False,
    also: Callable[[Encoded], None] = lambda content: None,
    num_workers: int | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Verification:
    """Reads every image of a data set and compares its checksum where it has one.

    Shards that are missing or of another split are reported, and classes of ``train/`` that are not
    those of ``val/``, or of ``test/`` where there is no ``val/``.

    Of shards one index is in memory in each process, and what was found; of folders and tars their
    own.

    Args:
        path: a data set with ``train/``, ``val/`` or ``test/``, one split, or one shard; parquet
            files, or one; or a file of NumPy's arrays.
        decode: whether to decode each image too, and compare its size with the index.
        also: what else decodes an image that Pillow could, such as the decoder of the training,
            which may find damage that Pillow passes over; ValueError: it cannot.
        num_workers: processes, on Linux; one a core where None. Fewer where more do not pay.
        on_progress: told how many samples are done, and of how many.

    Raises:
        InputError: there is no data set at `path`.
    """
    report = Verification()
    if path.name.lower().endswith(".npz"):
        return _verify_npz(path, report)
    parts = _open_all(path, report)
    total = sum(part.num_samples for part in parts)
    workers = num_useful(num_workers or num_cores(), parts, decode)
    checks = SampleChecks(parts, decode, also)
    with quiet_pillow(), started_workers(checks, workers, size_of) as run:
        for num_samples, num_bytes, damaged in run(runs_of(parts, workers)):
            report.num_samples += num_samples
            report.num_bytes += num_bytes
            report.damaged.extend(damaged)
            on_progress(report.num_samples, total)
    return report


def _verify_npz(path: Path, report: Verification) -> Verification:
    try:
        train, test = pairs_of(read_roles(path), printable(path))
        for images, labels in (train, test) if test else (train,):
            split = make_split(images, labels, printable(path))
            report.num_samples += len(split)
            report.num_bytes += split.images.nbytes
    except BsgrowError as error:
        report.damaged.append(DamagedError(printable(path), error.message, error.hint))
    return report


def _open_all(path: Path, report: Verification) -> list[Part]:
    """Opens what is there; what is damaged goes into the report and is left aside."""
    if path.is_file() and kind_of(path.name) == TARS:
        raise InputError(
            f"{printable(path)}: tars are checked by the folder that they are in",
            hint=f"give the folder: {Command(('data', 'verify', argument(str(path.parent))))}",
        )
    if holds_parquet(path):
        return _open_parquet(path, report)
    if path.is_file():
        return _open_shards([path], report)[1]
    splits = [_open_split(folder, report) for folder in _split_folders(path)]
    # Training evaluates on the first split behind train/; a test/ beside val/ may have no labels.
    classes = [split.class_names for split in splits[:2] if split.class_names]
    if len(classes) == 2:
        with _reported(path, report):
            check_same_classes(path, *classes)
    return [part for split in splits for part in split.parts]


def _open_parquet(path: Path, report: Verification) -> list[Part]:
    try:
        _, *splits = open_splits(path)
        return [Part(split, len(split), int(split.num_bytes.sum())) for split in splits if split]
    except DamagedError as error:
        report.damaged.append(error)
        return []


def _split_folders(path: Path) -> list[Path]:
    if not path.is_dir():
        is_there = os.path.lexists(path)  # a pipe, a device, or a link that leads nowhere
        raise InputError(
            f"{printable(path)}: "
            + ("neither a file nor a folder" if is_there else "there is no such file or folder"),
            hint="give the folder of a data set, of one split, or one shard",
        )
    if not is_data_set(path):
        return [path]
    splits = [name for name in (TRAIN_FOLDER, *TEST_FOLDERS) if (path / name).is_dir()]
    tell_what_is_beside(path, splits)
    return [path / name for name in splits]


def _open_split(folder: Path, report: Verification) -> _Split:
    layout = find_layout(folder)
    if layout == "shards":
        return _open_shard_split(folder, report)
    try:
        split = open_images(folder, layout)
    except DamagedError as error:
        report.damaged.append(error)
        return _Split((), [])
    names = split.class_names if LAYOUTS[layout].names_classes else ()
    return _Split(names, [Part(split, len(split))])


def _open_shard_split(folder: Path, report: Verification) -> _Split:
    paths = shard_paths(folder)
    indices, parts = _open_shards(paths, report)
    with _reported(folder, report):
        check_complete(folder, paths, [indices.get(path) for path in paths])
        if indices:
            check_same_texts(list(indices), list(indices.values()))
    tell_what_is_left(folder, "shards")
    first = next(iter(indices.values())).class_names if indices else ()
    return _Split(tuple(map(os.fsdecode, first)), parts)


def _open_shards(
    paths: Sequence[Path], report: Verification
) -> tuple[dict[Path, Index], list[Part]]:
    """Of what can be read, in order: its index without what it says of samples, and those."""
    indices: dict[Path, Index] = {}
    parts: list[Part] = []
    numbers = set()
    for path in paths:
        try:
            part, index = _open_shard(path)
        except DamagedError as error:
            report.damaged.append(error)
            continue
        if index.shard not in numbers:  # else it is there under two names
            report.left_out.extend(index.left_out)
        numbers.add(index.shard)
        indices[path] = _sharing_names(replace(index, left_out=()), indices)
        parts.append(part)
    return indices, parts


def _open_shard(path: Path) -> tuple[Part, Index]:
    """Its samples, and its index without them."""
    index = open_index(path)
    num_bytes = int(index.records["length"].sum(dtype=np.int64))
    part = Part(path, len(index.records), num_bytes)
    return part, replace(index, records=np.empty(0, RECORD), names=Names.of(()))


def _sharing_names(index: Index, before: Mapping[Path, Index]) -> Index:
    """Class names that are alike are held once."""
    first = next(iter(before.values()), index)
    if index.class_names != first.class_names:
        return index
    return replace(index, class_names=first.class_names)


@contextmanager
def _reported(path: Path, report: Verification) -> Iterator[None]:
    """Takes what does not fit together as one more thing that is damaged."""
    try:
        yield
    except InputError as error:
        report.damaged.append(DamagedError(printable(path), error.message))

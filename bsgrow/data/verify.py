"""Checking a data set from end to end: every index, every checksum, and on request every image."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

from bsgrow.command import Command, argument
from bsgrow.data.encoded import DamagedError, EncodedSplit, SampleError
from bsgrow.data.in_order import map_in_order
from bsgrow.data.layouts import TARS, find_layout, kind_of, tell_what_is_beside, tell_what_is_left
from bsgrow.data.names import printable
from bsgrow.data.packing.plan import SourceSplit
from bsgrow.data.packing.source import open_images
from bsgrow.data.shards import ShardSplit, check_complete, check_same_texts, open_index, shard_paths
from bsgrow.data.shards.layout import Index
from bsgrow.data.sources import check_same_classes
from bsgrow.data.split_folders import TEST_FOLDERS, TRAIN_FOLDER, is_data_set
from bsgrow.data.webdataset import WebDatasetSplit
from bsgrow.errors import InputError
from bsgrow.images.encoded import Encoded
from bsgrow.images.image_error import ImageError
from bsgrow.images.quiet_pillow import quiet_pillow
from bsgrow.images.reading import check_decodes

_NUM_AHEAD = 64

_Part: TypeAlias = ShardSplit | SourceSplit


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

    Args:
        path: a data set with ``train/``, ``val/`` or ``test/``, one split, or one shard.
        decode: whether to decode each image too, and compare its size with the index.
        also: what else decodes an image that Pillow could, such as the decoder of the training,
            which may find damage that Pillow passes over; ValueError: it cannot.
        num_workers: threads; Python's default where None.
        on_progress: told how many samples are done, and of how many.

    Raises:
        InputError: there is no data set at `path`.
    """
    report = Verification()
    parts = list(_open_all(path, report))
    total = sum(map(len, parts))
    with quiet_pillow(), ThreadPoolExecutor(num_workers) as executor:
        for part in parts:
            check = partial(_check_sample, part, decode, also)
            for num_bytes, error in map_in_order(executor, check, range(len(part)), _NUM_AHEAD):
                report.num_samples += 1
                report.num_bytes += num_bytes
                report.damaged.extend([error] if error else [])
                on_progress(report.num_samples, total)
    return report


def _check_sample(
    split: EncodedSplit, decode: bool, also: Callable[[Encoded], None], sample: int
) -> tuple[int, SampleError | None]:
    try:
        content = split.read(sample)
    except SampleError as error:
        return 0, error
    try:
        if decode:
            _check_size(split, sample, check_decodes(content))
            also(content)
    except ValueError as error:
        return len(content), SampleError(split.locate(sample), str(error))
    return len(content), None


def _check_size(split: EncodedSplit, sample: int, size: tuple[int, int]) -> None:
    if split.sizes is not None and tuple(split.sizes[sample]) != size:
        height, width = split.sizes[sample]
        raise ImageError(f"{size[0]}×{size[1]} pixels; the index says {height}×{width}")


def _open_all(path: Path, report: Verification) -> list[_Part]:
    """Opens what is there; what is damaged goes into the report and is left aside."""
    if path.is_file() and kind_of(path.name) == TARS:
        raise InputError(
            f"{printable(path)}: tars are checked by the folder that they are in",
            hint=f"give the folder: {Command(('data', 'verify', argument(str(path.parent))))}",
        )
    if path.is_file():
        return [ShardSplit([path], [index]) for index in _open_shards([path], report).values()]
    splits = [_open_split(folder, report) for folder in _split_folders(path)]
    # Training evaluates on the first split behind train/; a test/ beside val/ may have no labels.
    classes = [names for parts in splits[:2] if (names := _class_names(parts))]
    if len(classes) == 2:
        with _reported(path, report):
            check_same_classes(path, *classes)
    return [part for parts in splits for part in parts]


def _split_folders(path: Path) -> list[Path]:
    if not path.is_dir():
        raise InputError(
            f"{printable(path)}: there is no such file or folder",
            hint="give the folder of a data set, of one split, or one shard",
        )
    if not is_data_set(path):
        return [path]
    splits = [name for name in (TRAIN_FOLDER, *TEST_FOLDERS) if (path / name).is_dir()]
    tell_what_is_beside(path, splits)
    return [path / name for name in splits]


def _open_split(folder: Path, report: Verification) -> list[_Part]:
    layout = find_layout(folder)
    if layout != "shards":
        try:
            return [open_images(folder, layout)]
        except DamagedError as error:
            report.damaged.append(error)
            return []
    paths = shard_paths(folder)
    shards = _open_shards(paths, report)
    with _reported(folder, report):
        check_complete(folder, paths, [shards.get(path) for path in paths])
        if shards:
            check_same_texts(list(shards), list(shards.values()))
    tell_what_is_left(folder, layout)
    return [ShardSplit([path], [index]) for path, index in shards.items()]


def _open_shards(paths: Sequence[Path], report: Verification) -> dict[Path, Index]:
    """The indices that can be read, in order."""
    shards = {}
    for path in paths:
        try:
            shards[path] = open_index(path)
        except DamagedError as error:
            report.damaged.append(error)
    report.left_out.extend(name for index in shards.values() for name in index.left_out)
    return shards


def _class_names(parts: Sequence[_Part]) -> tuple[str, ...] | None:
    """Of a split; None where it has no names, or could not be opened."""
    return None if not parts or isinstance(parts[0], WebDatasetSplit) else parts[0].class_names


@contextmanager
def _reported(path: Path, report: Verification) -> Iterator[None]:
    """Takes what does not fit together as one more thing that is damaged."""
    try:
        yield
    except InputError as error:
        report.damaged.append(DamagedError(printable(path), error.message))

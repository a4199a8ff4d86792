"""The shards of a folder: names, headers and indices, and whether all of them are there."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bsgrow.data.encoded.dataset import DamagedError
from bsgrow.data.shards.index_checks import read_header
from bsgrow.data.shards.index_reading import read_index
from bsgrow.data.shards.layout import HEADER, Header, Index
from bsgrow.errors import BsgrowError, InputError
from bsgrow.files.open_files import read_at
from bsgrow.files.regular import opened_regular
from bsgrow.text.printable import printable

_NAME = re.compile(r"shard-[0-9]{6,}\.bsgrow")


def shard_name(number: int) -> str:
    """The file name of a shard."""
    return f"shard-{number:06d}.bsgrow"


def shard_paths(folder: Path) -> list[Path]:
    """The shards in a folder, by number.

    Raises:
        BsgrowError: the folder cannot be listed.
    """
    try:
        names = [name for name in os.listdir(folder) if _NAME.fullmatch(name)]  # noqa: PTH208 - names only
    except OSError as error:
        raise BsgrowError(f"{printable(folder)}: cannot be listed: {error.strerror}") from error
    return [folder / name for name in sorted(names, key=lambda name: (len(name), name))]


def open_index(path: Path) -> Index:
    """Reads and checks the index of one shard; see `read_index` for what that takes.

    Raises:
        DamagedError: it cannot be read, is no regular file, or is damaged; says at which byte.
    """
    with _opened(path) as (descriptor, header):

        def read(offset: int, num_bytes: int) -> bytes:
            return read_at(descriptor, num_bytes, offset)

        return read_index(read, header, printable(path))


def open_indices(paths: Sequence[Path]) -> list[Index]:
    """Reads and checks the indices of all shards; the first that is not in its place ends the list.

    Class names that are alike are held once.

    Raises:
        DamagedError: as `open_index`.
    """
    indices: list[Index] = []
    for number, path in enumerate(paths):
        index = open_index(path)
        if indices and index.class_names == indices[0].class_names:
            index = replace(index, class_names=indices[0].class_names)
        indices.append(index)
        if index.shard != number:  # one shard under many names, say
            break
    return indices


def open_header(path: Path) -> Header:
    """Reads and checks the header of one shard, not its index.

    Raises:
        DamagedError: as `open_index`.
    """
    with _opened(path) as (_, header):
        return header


@contextmanager
def _opened(path: Path) -> Iterator[tuple[int, Header]]:
    where = printable(path)
    try:
        with opened_regular(path) as file:
            descriptor = file.fileno()
            file_bytes = os.fstat(descriptor).st_size
            start = read_at(descriptor, HEADER.size, 0)
            yield descriptor, read_header(start, file_bytes, where)
    except OSError as error:
        raise DamagedError(
            where,
            f"cannot be read: {error.strerror or error}",
            hint="shards are regular files, or links to such, that may be read",
        ) from error


def check_complete(
    folder: Path, paths: Sequence[Path], parts: Sequence[Header | Index | None]
) -> None:
    """Refuses shards that are not all of one split, each once.

    Args:
        folder: that they are in.
        paths: of all of them, by number.
        parts: what each says of itself; None: it is damaged, and passes for what its name says.

    Raises:
        InputError: there are none, one is missing, or one is of another split.
    """
    if not paths:
        raise InputError(
            f"{printable(folder)}: no packed shards in it",
            hint="`bsgrow data pack SOURCE DEST` makes them",
        )
    known = [(path, part) for path, part in zip(paths, parts, strict=True) if part]
    if not known:
        return
    first_path, first = known[0]
    for path, part in known:
        if (part.pack_id, part.num_shards) != (first.pack_id, first.num_shards):
            raise _mixed(path, f"is of another split than {printable(first_path.name)}")
    _check_numbers(folder, paths, parts, first.num_shards)


def _check_numbers(
    folder: Path, paths: Sequence[Path], parts: Sequence[Header | Index | None], num_shards: int
) -> None:
    for number, (path, part) in enumerate(zip(paths, parts, strict=True)):
        is_there = part.shard == number if part else path.name == shard_name(number)
        if not is_there:
            raise _mixed(folder, f"{shard_name(number)} is missing, of {num_shards}")
        if path.name != shard_name(number):
            raise _mixed(path, f"is shard {number}, under another name")
    if len(paths) != num_shards:
        raise _mixed(folder, f"{shard_name(len(paths))} is missing, of {num_shards}")


def _mixed(path: Path, problem: str) -> InputError:
    return InputError(
        f"{printable(path)}: {problem}",
        hint="copy the folder again as a whole, or run the same `bsgrow data pack` again",
    )


def check_same_texts(paths: Sequence[Path], indices: Sequence[Index]) -> None:
    """Refuses shards that disagree on classes, or on what was done to the pixels.

    Raises:
        InputError: two do.
    """
    first = indices[0]
    for path, index in zip(paths, indices, strict=True):
        if (index.class_names, index.changes) != (first.class_names, first.changes):
            raise _mixed(path, f"has other classes or changes than {printable(paths[0].name)}")

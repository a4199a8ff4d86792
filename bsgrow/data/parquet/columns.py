"""The columns of a parquet file: where the encoded images are, the labels, and the class names."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.arrays.own import as_labels
from bsgrow.data.encoded.dataset import DamagedError
from bsgrow.errors import InputError
from bsgrow.files.regular import open_regular
from bsgrow.text.printable import cut, printable

IMAGE_NAMES = ("image", "img")
LABEL = "label"
_MOST_ROWS = 1 << 28
_BATCH = 64
_COLUMNS = (
    "the columns are those of Hugging Face's image data sets: image, a struct of bytes and path or "
    "binary, and label, whole numbers"
)


class Columns(NamedTuple):
    """What a file holds.

    Attributes:
        image: name of the column of images.
        in_struct: whether their bytes are a field of it.
        class_names: of the labels, in order; empty where the file has none.
        num_rows: how many samples.
    """

    image: str
    in_struct: bool
    class_names: tuple[str, ...]
    num_rows: int


def pyarrow() -> ModuleType:
    """Import what reads parquet.

    Raises:
        InputError: it is not installed.
    """
    try:
        import_module("pyarrow.parquet")
        return import_module("pyarrow")
    except ImportError as error:
        raise InputError(
            f"parquet files are read by pyarrow, which cannot be imported: {error}",
            hint="install it: `pip install pyarrow`",
        ) from error


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, ModuleType]]:
    """Open a file, and name it in what goes wrong with it.

    Raises:
        DamagedError: it cannot be read, or is none.
        InputError: pyarrow is not installed.
    """
    arrow = pyarrow()
    where = printable(path)
    try:
        os.close(open_regular(path))  # a pipe would be waited for
        with arrow.parquet.ParquetFile(path, memory_map=False) as file:
            yield file, arrow
    except (InputError, DamagedError):
        raise
    except (arrow.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = printable(str(getattr(error, "strerror", None) or error)[:200])
        raise DamagedError(
            where, f"cannot be read as parquet: {reason}", "replace it with a fresh copy"
        ) from error


def look_at(file: Any, arrow: ModuleType, where: str) -> Columns:
    """Find the columns of an open file.

    Raises:
        InputError: it has not those that are needed, or has one twice.
    """
    schema = file.schema_arrow
    names = list(schema.names)
    image = next((name for name in IMAGE_NAMES if name in names), None)
    if image is None or LABEL not in names:
        missing = LABEL if image else IMAGE_NAMES[0]
        listed = ", ".join(map(cut, names[:10])) or "none"
        raise InputError(f"{where}: has no column {missing}; it has {listed}", hint=_COLUMNS)
    for name in (image, LABEL):
        if names.count(name) > 1:
            raise InputError(f"{where}: has {names.count(name)} columns {name}", hint=_COLUMNS)
    in_struct = _is_in_struct(schema.field(image), arrow, where)
    if file.metadata.num_rows > _MOST_ROWS:
        raise InputError(f"{where}: says it has {file.metadata.num_rows} rows", hint=_COLUMNS)
    return Columns(image, in_struct, _class_names(schema.metadata), file.metadata.num_rows)


def _is_in_struct(image: Any, arrow: ModuleType, where: str) -> bool:
    """Return whether the bytes of an image are a field of its column; they are its values else."""
    kind = image.type
    in_struct = bool(arrow.types.is_struct(kind))
    if in_struct:
        if [each.name for each in kind].count("bytes") != 1:
            raise InputError(f"{where}: {image.name} has no field bytes", hint=_COLUMNS)
        kind = kind.field("bytes").type
    if not _is_bytes(kind, arrow):
        raise InputError(f"{where}: the bytes of {image.name} are {cut(str(kind))}", hint=_COLUMNS)
    return in_struct


def _is_bytes(kind: Any, arrow: ModuleType) -> bool:
    if arrow.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(arrow.types.is_binary(kind) or arrow.types.is_large_binary(kind))


def read_labels(file: Any, arrow: ModuleType, where: str) -> NDArray[np.int64]:
    """Read the labels of an open file, and nothing else.

    Raises:
        InputError: one is null, negative, no whole number, or absurdly large.
    """
    column = file.read(columns=[LABEL], use_threads=False).column(LABEL)
    if arrow.types.is_dictionary(column.type):
        column = column.combine_chunks().dictionary_decode()
    if column.null_count:
        raise InputError(
            f"{where}: {column.null_count} labels are null", hint="each image has a label"
        )
    if not arrow.types.is_integer(column.type):
        raise InputError(f"{where}: labels are {cut(str(column.type))}", hint=_COLUMNS)
    return as_labels(column.to_numpy(), where)


def images_of(file: Any, arrow: ModuleType, columns: Columns) -> Iterator[Any]:
    """Yield the encoded images of an open file in order, some at a time, as large_binary arrays."""
    wanted = f"{columns.image}.bytes" if columns.in_struct else columns.image
    for batch in file.iter_batches(batch_size=_BATCH, columns=[wanted], use_threads=False):
        column = batch.column(0)
        if columns.in_struct:
            (column,) = column.flatten()  # null where the struct is
        if arrow.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        yield column.cast(arrow.large_binary())


def _class_names(metadata: dict[bytes, bytes] | None) -> tuple[str, ...]:
    """The names that Hugging Face's own metadata give the labels; empty where they give none."""
    with suppress(ValueError, KeyError, TypeError, RecursionError, AttributeError):
        described = json.loads((metadata or {})[b"huggingface"])
        names = described["info"]["features"][LABEL]["names"]
        if isinstance(names, dict):  # by number, in YAML
            names = [names[str(number)] for number in range(len(names))]
        if all(isinstance(name, str) and "\0" not in name for name in names):
            return tuple(names)
    return ()

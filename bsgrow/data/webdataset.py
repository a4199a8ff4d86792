"""WebDataset tars, read as they are: ``key.jpg`` beside ``key.cls`` in tars of many samples.

Convention: github.com/webdataset/webdataset. Members with the same key (the path up to the first
dot of its last part) that follow each other are one sample. The label is the decimal number in
``.cls``; other members are passed over. Tars are taken in the order of their names.
"""

import os
import re
from array import array
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded import MAX_SAMPLE_BYTES, DamagedError, SampleError, split_fingerprint
from bsgrow.data.names import Names, printable
from bsgrow.data.open_files import OpenFiles
from bsgrow.data.tar_index import Member, TarReader
from bsgrow.errors import InputError

IMAGE_EXTENSIONS = (b"jpg", b"jpeg", b"png", b"webp")
_LABEL_EXTENSION = b"cls"
_MOST_LABEL_BYTES = 32
_MOST_CLASSES = 1 << 20

_KEY_AND_EXTENSION = re.compile(rb"((?:.*/|)[^./]+)\.([^/]*)", re.DOTALL)


class _Sample(NamedTuple):
    image: Member
    label: int


class WebDatasetSplit:
    """The images of a folder of tars, indexed by their headers; see `EncodedSplit`.

    Args:
        folder: holds the tars.

    Attributes:
        class_names: ``"0"`` to the largest label: the tars name no classes.
        labels: int64 [N], read-only.
        names: of the image members, in order.
        num_bytes: int64 [N], their lengths.

    Raises:
        InputError: there are no tars, or a sample in them has no label or no image.
        DamagedError: a tar is damaged or cannot be read.
    """

    sizes = None

    def __init__(self, folder: Path) -> None:
        paths = tar_paths(folder)
        self._files = OpenFiles([str(path) for path in paths])
        columns = [array("q") for _ in range(4)]
        self.names = Names.of(_index(paths, columns))
        self._tars, self._offsets, self.num_bytes, self.labels = map(_frozen, columns)
        if not len(self):
            raise InputError(
                f"{printable(folder)}: its tars hold no samples",
                hint="a sample is key.jpg (or .jpeg, .png, .webp) beside key.cls",
            )
        self.class_names = tuple(map(str, range(int(self.labels.max()) + 1)))

    def __len__(self) -> int:
        return len(self.labels)

    def name(self, sample: int) -> bytes:
        """The name of a sample's image in its tar."""
        return self.names[sample]

    def read(self, sample: int) -> memoryview:
        """The image member of a sample.

        Raises:
            SampleError: it cannot be read, is empty or absurdly long, or the tar was cut short.
        """
        num_bytes = int(self.num_bytes[sample])
        if not 0 < num_bytes <= MAX_SAMPLE_BYTES:
            raise SampleError(self.locate(sample), f"an image of {num_bytes} bytes")
        offset = int(self._offsets[sample])
        return memoryview(self._files.read(int(self._tars[sample]), offset, num_bytes))

    def locate(self, sample: int) -> str:
        """The tar, the byte offset in it, and the member's name."""
        place = self._files.locate(int(self._tars[sample]), int(self._offsets[sample]))
        return f"{place} ({printable(self.names[sample])})"

    @cached_property
    def fingerprint(self) -> str:
        """The digest of names, labels and lengths; see `split_fingerprint`."""
        return split_fingerprint(self.names, self.labels, self.num_bytes)


def tar_paths(folder: Path) -> list[Path]:
    """The tars of a folder, by name.

    Raises:
        InputError: there are none, or only compressed ones.
    """
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names only
    except OSError as error:
        raise InputError(f"{printable(folder)}: cannot be listed: {error.strerror}") from error
    paths = [folder / name for name in names if name.endswith(".tar")]
    if paths:
        return paths
    compressed = [name for name in names if re.search(r"\.(tgz|tar\.\w+)$", name)]
    raise InputError(
        f"{printable(folder)}: no .tar files in it",
        hint="unpack the compressed ones: samples are read at random"
        if compressed
        else "a WebDataset has tars such as shard-000000.tar in each split's folder",
    )


def _index(paths: list[Path], columns: list["array[int]"]) -> Iterator[bytes]:
    """Fills tar, offset, length and label of each sample; yields its image's name."""
    for number, path in enumerate(paths):
        for image, label in _samples(path):
            row = (number, image.offset, image.num_bytes, label)
            for column, value in zip(columns, row, strict=True):
                column.append(value)
            yield image.name


def _samples(path: Path) -> Iterator[_Sample]:
    try:
        with path.open("rb", buffering=0) as stream:
            tar = TarReader(stream.fileno(), str(path))
            for _, group in groupby(_keyed(tar), key=lambda part: part[0]):
                sample = _sample(tar, [(extension, member) for _, extension, member in group])
                if sample:
                    yield sample
    except OSError as error:
        raise DamagedError(printable(path), f"cannot be read: {error.strerror}") from error


def _keyed(tar: TarReader) -> Iterator[tuple[bytes, bytes, Member]]:
    for member in tar.members():
        if match := _KEY_AND_EXTENSION.fullmatch(member.name):
            yield match[1], match[2].lower(), member


def _sample(tar: TarReader, parts: list[tuple[bytes, Member]]) -> _Sample | None:
    """The image and the label of one key; None where it has neither."""
    images = [member for extension, member in parts if extension in IMAGE_EXTENSIONS]
    labels = [member for extension, member in parts if extension == _LABEL_EXTENSION]
    if not images and not labels:
        return None
    if len(images) == len(labels) == 1:
        return _Sample(images[0], _label(tar, labels[0]))
    first = (images or labels)[0]
    error = tar.damaged(
        first.offset - 512,
        f"{printable(first.name)} belongs to a sample with {len(images)} images and "
        f"{len(labels)} labels; one of each is needed",
    )
    raise InputError(error.message, hint="a sample is key.jpg beside key.cls, one after the other")


def _label(tar: TarReader, member: Member) -> int:
    if member.num_bytes <= _MOST_LABEL_BYTES:
        text = tar.read(member.offset, member.num_bytes, "a label").strip()
        if text.isdigit() and int(text) < _MOST_CLASSES:
            return int(text)
    error = tar.damaged(member.offset, f"{printable(member.name)} is not a label")
    raise InputError(error.message, hint=f"a .cls is a number from 0 to {_MOST_CLASSES - 1}")


def _frozen(column: "array[int]") -> NDArray[np.int64]:
    values = np.array(column, np.int64)
    values.flags.writeable = False
    return values

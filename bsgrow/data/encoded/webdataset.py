"""WebDataset tars, read as they are: ``key.jpg`` beside ``key.cls`` in tars of many samples.

Convention: github.com/webdataset/webdataset; see `bsgrow.data.tar.samples`. The label is the
decimal number in ``.cls``; other members are passed over. Tars are taken in the order of their
names, those that are hidden are not; a key that comes again is another sample.
"""

import logging
from functools import cached_property
from pathlib import Path

from bsgrow.data.encoded.compressed import by_name, quoted
from bsgrow.data.encoded.dataset import MAX_SAMPLE_BYTES, SampleError, split_fingerprint
from bsgrow.data.encoded.layouts import (
    FOLDERS,
    IMAGES,
    OTHER_ARCHIVES,
    TARS,
    Contents,
    list_contents,
    peek,
    tell_what_is_left,
)
from bsgrow.data.encoded.names import first_names
from bsgrow.data.encoded.tally import Tally
from bsgrow.data.folder.sample_files import MUCH, SIGNATURE_BYTES, SampleFiles, check_signature
from bsgrow.data.tar.columns import TarIndex
from bsgrow.data.tar.samples import SampleReader
from bsgrow.errors import InputError
from bsgrow.text.printable import printable

_log = logging.getLogger(__name__)


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

    def __init__(self, folder: Path) -> None:
        contents = list_contents(folder)
        paths = _tar_paths(folder, contents)
        self._files = SampleFiles([str(path) for path in paths])
        found = SampleReader()
        index = TarIndex(paths, found)
        self.names, self.num_bytes, self.labels = index.names, index.lengths, index.labels
        self._tars, self._offsets = index.tars, index.offsets
        if not len(self):
            raise InputError(
                f"{printable(folder)}: its tars hold no samples",
                hint="a sample is key.jpg (or .jpeg, .png, .webp) beside key.cls",
            )
        self.class_names = tuple(map(str, range(int(self.labels.max()) + 1)))
        self._say_what_is_left(folder, paths, found)
        tell_what_is_left(folder, "webdataset", contents)

    def __len__(self) -> int:
        return len(self.labels)

    def name(self, sample: int) -> bytes:
        """The name of a sample's image in its tar."""
        return self.names[sample]

    def size(self, sample: int) -> None:
        """None: only the image says."""

    def read(self, sample: int) -> memoryview:
        """The image member of a sample.

        Raises:
            SampleError: it cannot be read, is empty or absurdly long, or the tar was cut short.
        """
        num_bytes = int(self.num_bytes[sample])
        if not 0 < num_bytes <= MAX_SAMPLE_BYTES:
            raise SampleError(self.locate(sample), f"an image of {num_bytes} bytes")
        tar, offset = int(self._tars[sample]), int(self._offsets[sample])
        if num_bytes > MUCH:
            start = self._files.read(tar, offset, SIGNATURE_BYTES)
            check_signature(start, self.locate(sample))
        return memoryview(self._files.read(tar, offset, num_bytes))

    def locate(self, sample: int) -> str:
        """The tar, the byte offset in it, and the member's name."""
        place = self._files.locate(int(self._tars[sample]), int(self._offsets[sample]))
        return f"{place} ({printable(self.names[sample])})"

    def _say_what_is_left(self, folder: Path, paths: list[Path], found: SampleReader) -> None:
        empty = Tally("a tar without samples", "tars without samples")
        for number in sorted({*range(len(paths))} - {*self._tars.tolist()}):
            empty.add(paths[number].name)
        for tally in (found.no_part, found.beside, empty):
            if tally.count:
                _log.warning("%s: %s", printable(folder), tally)

    @cached_property
    def fingerprint(self) -> str:
        """The digest of names, labels and lengths; see `split_fingerprint`."""
        return split_fingerprint(self.names, self.labels, self.num_bytes)


def _tar_paths(folder: Path, contents: Contents) -> list[Path]:
    """The tars of a folder, by name.

    Raises:
        InputError: there are none, or one that is compressed and was not unpacked.
    """
    packed: list[str] = []
    plain: list[str] = []
    for name in contents[TARS]:
        (packed if by_name(name) else plain).append(name)
    _check_unpacked(folder, packed, plain)
    if not plain:
        hint = _instead(folder, contents[FOLDERS])
        others = contents[OTHER_ARCHIVES]
        found = f", beside {first_names(others)}" if others else ""
        raise InputError(f"{printable(folder)}: no .tar files in it{found}", hint=hint)
    return [folder / name for name in plain]


def _instead(folder: Path, folders: list[str]) -> str:
    """What to do where there is no tar in a folder, by what is in the folders in it."""
    kinds = {peek(folder / name): folder / name for name in folders}
    if TARS in kinds:
        inside, here = quoted(str(kinds[TARS])), quoted(str(folder))
        return f"tars are read from the split's own folder: `mv {inside}/*.tar {here}`"
    if IMAGES in kinds:
        return "class folders are read with --set data.name=folder"
    return "a WebDataset has tars such as shard-000000.tar in each split's folder"


def _check_unpacked(folder: Path, packed: list[str], plain: list[str]) -> None:
    """Refuses a compressed tar without its unpacked one beside it."""
    unpacked = {name: by_name(name) for name in packed}
    left = [name for name, found in unpacked.items() if found and found[1] not in plain]
    if left and (found := unpacked[left[0]]):
        path = quoted(str(folder / left[0]))
        raise InputError(
            f"{printable(folder)}: no .tar files in place of {first_names(left)}: what is "
            "compressed cannot be read at random",
            hint=f"unpack the compressed ones: `{found[0].command} {path}`",
        )

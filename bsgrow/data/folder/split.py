"""Image folders: one directory a class, as torchvision's ImageFolder reads them."""

import logging
import os
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded.compressed import quoted
from bsgrow.data.encoded.dataset import split_fingerprint
from bsgrow.data.encoded.layouts import TARS, contents_of, peek, tell_what_is_left
from bsgrow.data.encoded.names import first_names
from bsgrow.data.encoded.tally import Tally
from bsgrow.data.folder.class_folders import list_classes
from bsgrow.data.folder.file_lengths import file_lengths
from bsgrow.data.folder.listing import EXTENSIONS, class_names, scan
from bsgrow.data.folder.sample_files import read_sample_file
from bsgrow.errors import InputError
from bsgrow.text.printable import printable

_log = logging.getLogger(__name__)


class ImageFolderSplit:
    """The images of one split, listed once; see `EncodedSplit`.

    A million names take some 60 MB: they are kept as one blob of bytes.

    Args:
        folder: holds one directory a class.

    Attributes:
        class_names: sorted; label i is the i-th of them.
        labels: int64 [N], read-only.
        names: of the samples, relative to `folder`, in torchvision's order.

    Raises:
        InputError: there are no classes, one has no image, or a folder cannot be listed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listing = scan(folder)
        self.class_names = tuple(class_names(folder, listing))
        what = "in the class folders that {} named as images are"
        others = Tally(f"a file {what.format('is not')}", f"files {what.format('are not')}")
        self.names, counts = list_classes(folder, self.class_names, others)
        self.labels: NDArray[np.int64] = np.repeat(np.arange(len(counts)), counts)
        self.labels.flags.writeable = False
        self._check_no_class_is_empty(counts)
        if others.count:
            _log.warning("%s: %s", printable(folder), others)
        tell_what_is_left(folder, "folder", contents_of(listing))
        self._prefix = os.fsencode(folder) + b"/"

    def _check_no_class_is_empty(self, counts: list[int]) -> None:
        empty = [name for name, count in zip(self.class_names, counts, strict=True) if not count]
        if empty:
            hint = f"remove the empty class folders; images end in {' '.join(EXTENSIONS)}"
            if peek(self.folder / empty[0]) == TARS:
                inside, here = quoted(str(self.folder / empty[0])), quoted(str(self.folder))
                hint = f"tars are read from the split's own folder: `mv {inside}/*.tar {here}`"
            message = f"{printable(self.folder)}: no image for the class {first_names(empty, 10)}"
            raise InputError(message, hint=hint)

    def __len__(self) -> int:
        return len(self.names)

    def name(self, sample: int) -> bytes:
        """The path of a sample below the split's folder."""
        return self.names[sample]

    def size(self, sample: int) -> None:
        """None: only the image says."""

    def read(self, sample: int) -> memoryview:
        """The content of a sample's file.

        Raises:
            SampleError: it cannot be read, is empty, or is not a regular file.
        """
        return read_sample_file(self._prefix + self.names[sample])

    def locate(self, sample: int) -> str:
        """The path of a sample's file, escaped where it cannot be printed."""
        return printable(self._prefix + self.names[sample])

    @cached_property
    def num_bytes(self) -> NDArray[np.int64]:
        """Int64 [N]: the lengths of the files, -1 where there is none to be seen."""
        return file_lengths(self.folder, self.names)

    @cached_property
    def fingerprint(self) -> str:
        """The digest of names, labels and file lengths; see `split_fingerprint`."""
        return split_fingerprint(self.names, self.labels, self.num_bytes)

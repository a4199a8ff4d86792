"""Which files the binary version of CIFAR-10 and CIFAR-100 has, and whether they are there."""

from dataclasses import dataclass
from pathlib import Path

from bsgrow.data.arrays.fetch import RemoteFile
from bsgrow.errors import InputError
from bsgrow.files.reading import check_readable

IMAGE_BYTES = 3 * 32 * 32


@dataclass(frozen=True)
class Layout:
    """How one of the two sets is laid out.

    Args:
        archive: the official ``.tar.gz``.
        folder: the folder inside it.
        train_files: name and number of records of each training batch, in order.
        test_file: name and number of records of the test batch.
        label_limits: for each label byte how many values it has; the last one is the label used.
    """

    archive: RemoteFile
    folder: str
    train_files: tuple[tuple[str, int], ...]
    test_file: tuple[str, int]
    label_limits: tuple[int, ...]

    @property
    def record_bytes(self) -> int:
        """Length of a record: 3 073 or 3 074."""
        return len(self.label_limits) + IMAGE_BYTES

    @property
    def file_names(self) -> list[str]:
        """Every batch file that must be there."""
        return [name for name, _ in (*self.train_files, self.test_file)]

    @property
    def num_bytes(self) -> int:
        """Of all the batch files together."""
        num_records = sum(size for _, size in (*self.train_files, self.test_file))
        return num_records * self.record_bytes


def check_folder(layout: Layout, folder: Path) -> None:
    """Checks that all batch files of a folder are there, and may be read; reads none.

    Raises:
        InputError: one is missing.
        BsgrowError: one cannot be read, or is no regular file.
    """
    check_complete(layout, folder, [n for n in layout.file_names if (folder / n).exists()])
    for name in layout.file_names:
        check_readable(folder / name)


def check_complete(layout: Layout, source: Path, found: list[str]) -> None:
    """Raises InputError where a batch file is not among those found; names it."""
    missing = [name for name in layout.file_names if name not in found]
    if missing:
        raise InputError(
            f"{source} lacks {', '.join(missing)}",
            hint=f"unpack all of {layout.archive.name} again, or give the archive itself",
        )

"""The two CIFAR sets in their official format, with few records."""

import dataclasses
import gzip
import io
import tarfile
from pathlib import Path

import numpy as np

from bsgrow.data.arrays.cifar import LAYOUT_10, LAYOUT_100, load_cifar
from bsgrow.data.arrays.cifar_binary import Layout

LAYOUTS = {"cifar10": LAYOUT_10, "cifar100": LAYOUT_100}
EXTRA_FILES = {
    "cifar10": ["batches.meta.txt", "readme.html"],
    "cifar100": ["fine_label_names.txt", "coarse_label_names.txt"],
}


def layout_files(layout: Layout) -> list[tuple[str, int]]:
    return [*layout.train_files, layout.test_file]


def shrink(layout: Layout, num_test: int) -> Layout:
    """The same layout with a few records a file."""
    return dataclasses.replace(
        layout,
        train_files=tuple((name, 3 + i) for i, (name, _) in enumerate(layout.train_files)),
        test_file=(layout.test_file[0], num_test),
    )


class Small:
    """One of the two sets in its official format, with few records."""

    def __init__(self, name: str, folder: Path, num_test: int) -> None:
        self.name, self.layout, self.folder = name, shrink(LAYOUTS[name], num_test), folder
        rng = np.random.default_rng(0)
        self.images, self.labels, self.files = {}, {}, {}
        for file_name, size in layout_files(self.layout):
            self.images[file_name] = rng.integers(0, 256, (size, 3, 32, 32), dtype=np.uint8)
            columns = [rng.integers(0, limit, size) for limit in self.layout.label_limits]
            self.labels[file_name] = columns[-1]
            self.files[file_name] = b"".join(
                bytes(int(column[i]) for column in columns) + self.images[file_name][i].tobytes()
                for i in range(size)
            )
        for file_name in EXTRA_FILES[name]:
            self.files[file_name] = b"airplane\nautomobile\n"

    def unpack(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return folder

    def tar(self, names: list[str] | None = None) -> bytes:
        """The archive; the official one keeps its files in no particular order either."""
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w") as tar:
            folder = tarfile.TarInfo(self.layout.folder)
            folder.type = tarfile.DIRTYPE
            tar.addfile(folder)
            for name in names or sorted(self.files, reverse=True):
                member = tarfile.TarInfo(f"{self.layout.folder}/{name}")
                member.size = len(self.files[name])
                tar.addfile(member, io.BytesIO(self.files[name]))
        return raw.getvalue()

    def pack(self, content: bytes | None = None) -> Path:
        path = self.folder / self.layout.archive.name
        path.write_bytes(gzip.compress(self.tar() if content is None else content, 1))
        return path

    def load(self, path: Path):
        return load_cifar(path, download=False, name=self.name, layout=self.layout)

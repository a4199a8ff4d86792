"""What a logger needs to go on with the same run, in a file that has each change at once."""

import json
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path

from bsgrow.errors import BsgrowError
from bsgrow.files.atomic import write_atomically
from bsgrow.files.regular import read_regular

_LARGEST = 2**20  # bytes


class Kept(MutableMapping[str, str]):
    """Text by name, read from a file and written into it.

    Args:
        path: of the file; its folder is made with the first change.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._values = path, _read(path)

    def __getitem__(self, key: str) -> str:
        return self._values[key]

    def __setitem__(self, key: str, value: str) -> None:
        if self._values.get(key) != value:
            self._values[key] = value
            self._write()

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self._write()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def _write(self) -> None:
        self._path.parent.mkdir(exist_ok=True)
        text = json.dumps(self._values, indent=2) + "\n"
        write_atomically(self._path, lambda file: file.write(text.encode()))


def _read(path: Path) -> dict[str, str]:
    """Return what a file holds; nothing where it is not there or damaged."""
    with suppress(OSError, ValueError, RecursionError, BsgrowError):
        found = json.loads(read_regular(path, _LARGEST, follow_link=False))
        if isinstance(found, dict):
            return {str(key): str(value) for key, value in found.items()}
    return {}

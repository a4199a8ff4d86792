"""A checkpoint's manifest: size and SHA-256 of the file, and how well the model did there."""

import hashlib
import json
from collections.abc import Callable
from math import isfinite
from typing import Any, BinaryIO, Final, NamedTuple

from bsgrow.training.step import Metrics

LARGEST_MANIFEST: Final = 2**12
"""Bytes that a manifest may have."""

_OF_FILE, _OF_MODEL = {"size", "sha256"}, {"test_loss", "test_accuracy"}


class Manifest(NamedTuple):
    """What stands beside a checkpoint.

    Attributes:
        size: bytes of the file.
        sha256: of the file, in hexadecimal.
        tested: what the held-out samples gave after that very update, if they were evaluated then.
    """

    size: int
    sha256: str
    tested: Metrics | None = None

    def to_json(self) -> bytes:
        """Return the content of the file."""
        values: dict[str, Any] = {"size": self.size, "sha256": self.sha256}
        if self.tested is not None:
            values |= {"test_loss": self.tested.loss, "test_accuracy": self.tested.accuracy}
        return json.dumps(values).encode()


def parse_manifest(content: bytes) -> Manifest | None:
    """Return what a manifest says, or None for a damaged one."""
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        return None
    match values:
        case {"size": int(size), "sha256": str(sha256), **rest} if not rest:
            return Manifest(size, sha256)
        case {
            "size": int(size),
            "sha256": str(sha256),
            "test_loss": float(loss),
            "test_accuracy": float(accuracy),
            **rest,
        } if not rest and isfinite(loss) and 0 <= accuracy <= 1:
            return Manifest(size, sha256, Metrics(loss, accuracy))
    return None


def is_better(tested: Metrics, other: Metrics | None) -> bool:
    """Whether a model did better on the held-out samples: more of them right, then less loss."""
    return other is None or _merit(tested) > _merit(other)


def _merit(tested: Metrics) -> tuple[float, float]:
    return tested.accuracy, -tested.loss


class HashingWriter:
    """Passes bytes on to a file, and keeps their number and SHA-256.

    torch turns what ``write`` raises into errors of its own, so the first is kept in ``error``
    and the rest of the bytes are dropped.

    Args:
        file: open to write.
        check: called before each write; raises to end it.
    """

    def __init__(self, file: BinaryIO, check: Callable[[], object] = lambda: None) -> None:
        self.error: BaseException | None = None
        self._file, self._check = file, check
        self._size = 0
        self._sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write the bytes, or note why not; returns their number."""
        if self.error is None:
            try:
                self._check()
                self._file.write(data)
            except BaseException as error:  # an interrupt too: torch would hide it as well
                self.error = error
            else:
                self._size += len(data)
                self._sha256.update(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing; torch asks for it, and the file's owner flushes it."""

    def manifest(self, tested: Metrics | None = None) -> Manifest:
        """Return what belongs beside the bytes that were written; raise what went wrong."""
        if self.error is not None:
            raise self.error
        return Manifest(self._size, self._sha256.hexdigest(), tested)

"""What the tests of several data sets share."""

import socket
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def idx_bytes() -> Callable[..., bytes]:
    """Writes the IDX format, independently of the reader."""

    def write(array: np.ndarray, *, dtype_code: int = 8) -> bytes:
        dimensions = struct.pack(f">{array.ndim}I", *array.shape)
        return bytes((0, 0, dtype_code, array.ndim)) + dimensions + array.tobytes()

    return write


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every look-up and every connection fail the test."""

    def refuse(*args: object) -> None:
        pytest.fail(f"the network was touched: {args}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of our own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("BSGROW_DATA_DIR", str(folder))
    return folder

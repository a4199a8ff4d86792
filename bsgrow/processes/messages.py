"""Messages between processes, what is large in them copied no more often than it has to be."""

import os
import pickle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def send(connection: "Connection[Any, Any]", message: object) -> None:
    """Sends what can be pickled; each `PickleBuffer` in it goes behind it, as it is."""
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(message, pickle.HIGHEST_PROTOCOL, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    connection.send((pickled, [*map(len, views)]))
    if views:
        _write(connection.fileno(), memoryview(b"".join(views)))


def receive(connection: "Connection[Any, Any]") -> Any:
    """Returns what was sent, the buffers as views of one block of memory.

    Raises:
        EOFError: nobody is left at the other end.
    """
    pickled, lengths = connection.recv()
    block = memoryview(bytearray(sum(lengths)))
    _read(connection.fileno(), block)
    views, start = [], 0
    for length in lengths:
        views.append(block[start : start + length])
        start += length
    return pickle.loads(pickled, buffers=views)  # noqa: S301 - of a process that this one forked


def _write(descriptor: int, view: memoryview) -> None:
    while view:
        view = view[os.write(descriptor, view) :]


def _read(descriptor: int, view: memoryview) -> None:
    while view:
        num_bytes = os.readv(descriptor, [view])
        if not num_bytes:
            raise EOFError
        view = view[num_bytes:]

"""The process's streams, made safe to write to; imports nothing that takes time."""

import io
import os
import sys
from typing import TextIO


def prepare_streams() -> None:
    """Make stdout and stderr writable, whatever the caller left of them."""
    sys.stdout, sys.stderr = _opened(sys.stdout), _opened(sys.stderr)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an encoding may lack ×, – or ±
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) == 0:
        del os.environ["COLUMNS"]  # means not known; rich would print nothing into no columns


def flush_stdout() -> None:
    """Write what is left for stdout.

    Raises:
        OSError: it cannot be written; it is thrown away, so that the interpreter does not try
            again when it ends.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _opened(stream: TextIO | None) -> TextIO:
    """Return a stream, or one to nowhere where it was closed, as by ``>&-``.

    It takes the lowest free descriptor, the closed one, before some file of ours does.
    """
    return open(os.devnull, "w") if stream is None else stream  # noqa: PTH123 - it stays open

"""Text that goes to stdout and stderr, safe to write; imports nothing that takes time."""

import codecs
import io
import os
import re
import sys
from typing import TextIO

_NAMES_AS_THEY_ARE = "bsgrow.names"
_SIZES = ("COLUMNS", "LINES", "TERMINAL_WIDTH")  # what rich and typer ask for
_SIZE = re.compile("[1-9][0-9]{0,3}")


def prepare_text_output() -> None:
    """Make stdout and stderr writable, whatever the caller left of them and of their size."""
    sys.stdout, sys.stderr = _opened(sys.stdout), _opened(sys.stderr)
    codecs.register_error(_NAMES_AS_THEY_ARE, _encoded)
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors=_NAMES_AS_THEY_ARE)
    for name in _SIZES:  # 0 is for not known, and of a billion columns rich would fill each
        if name in os.environ and not _SIZE.fullmatch(os.environ[name]):
            del os.environ[name]


def _encoded(error: UnicodeError) -> tuple[bytes, int]:
    """Return what stands for text that the encoding lacks: the bytes of names, or a ``?``.

    A name on disk that is no UTF-8 is written as it is; an encoding may also lack ×, – or ±.
    """
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return b"".join(map(_byte_of_a_name, lacking)), error.end


def _byte_of_a_name(character: str) -> bytes:
    return bytes([ord(character) & 0xFF]) if "\udc80" <= character <= "\udcff" else b"?"


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


def _opened(output: TextIO | None) -> TextIO:
    """Return a text output, or one to nowhere where it was closed, as by ``>&-``.

    It takes the lowest free descriptor, the closed one, before some file of ours does.
    """
    return open(os.devnull, "w") if output is None else output  # noqa: PTH123 - it stays open

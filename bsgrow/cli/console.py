"""What every command says: an answer to stdout, and errors, hints and notes to stderr.

What renders it for people, ``bsgrow.cli.terminal``, is imported with the first word.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from bsgrow.errors import BsgrowError
from bsgrow.text.command import as_options

_MOST = 10_000  # characters of an error, a hint or a note


def print_words(text: str) -> None:
    """Write a sentence to stdout, on a terminal in lines that end between two words."""
    from bsgrow.cli.terminal import out

    out.print(text, soft_wrap=not out.is_terminal)


def print_rows(rows: Mapping[str, str]) -> None:
    """Write names and what they are to stdout, a line each."""
    from bsgrow.cli.terminal import out, plain_text

    for key, value in rows.items():
        out.print(plain_text(f"{key:14}", "bold") + plain_text(value))


def print_text(text: str) -> None:
    """Write a text to stdout as it is."""
    sys.stdout.write(text)


def print_json(value: Mapping[str, Any]) -> None:
    """Write one JSON object to stdout, floats in full precision; none may be infinite or nan."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def print_error(error: BsgrowError) -> None:
    """Write an error and its hint to stderr."""
    _remark("error:", "bold red", error.message)
    if error.hint:
        print_hint(error.hint)


def print_hint(hint: str) -> None:
    """Write what to do to stderr."""
    _remark("hint:", "bold cyan", as_options(hint))


def note(message: str) -> None:
    """Write a remark to stderr."""
    _remark("note:", "bold yellow", message)


def _remark(kind: str, style: str, text: str) -> None:
    from bsgrow.cli.terminal import err, plain_text

    err.print(plain_text(kind, style), _bounded(text))


def _bounded(text: str) -> str:
    """Return a text, or the beginning of one that names values without number."""
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"

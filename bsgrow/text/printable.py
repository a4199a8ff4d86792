"""Text from others made fit to print: what is no printable character is shown as an escape.

Names, keys and values may hold line breaks, terminal escapes, marks that turn the direction of
reading, and bytes that are no text at all. One of them in a line of a message goes through
``printable``; whatever the command line writes for people goes through ``printable_lines``.
"""

import os
import re

_LONGEST = 80
_ESCAPES = {"\t": r"\t", "\r": r"\r"}
_SUSPECT = re.compile(r"[^\n -~]")


def printable(name: str | bytes | os.PathLike[str]) -> str:
    """A text for one line of a message: as it is, or escaped and quoted where it is not printable.

    The characters that ``str.isprintable`` has are kept: no control characters, line breaks,
    invisible marks or bytes that are no UTF-8.
    """
    text = os.fsdecode(name)
    return text if text.isprintable() else ascii(text)


def cut(text: str) -> str:
    """Return a text as an error shows it: for one line, and its beginning alone if it is long."""
    return printable(text) if len(text) <= _LONGEST else f"{printable(text[:_LONGEST])}…"


def shown(value: object) -> str:
    """Return a value as an error shows it: cut where it is long."""
    try:
        return cut(repr(value))
    except (RecursionError, ValueError):  # nested deep, or a number of thousands of digits
        return "…"


def printable_lines(text: str) -> str:
    """Return a text with an escape, such as that of ESC, for each character that is not printable.

    Line breaks stay: what must not break a line has gone through ``printable`` before.
    """
    return _SUSPECT.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":  # a byte of a name that is no UTF-8
        return f"\\x{ord(character) & 0xFF:02x}"
    return _ESCAPES.get(character) or ascii(character)[1:-1]

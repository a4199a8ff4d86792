"""Paths that are no UTF-8 as text that is: in TOML, and to a parser of JSON that is strict.

A name on disk is bytes, and Python keeps those that no UTF-8 has as lone surrogates, which TOML
cannot hold. Here each such byte is a character of the private use area, 80 to FF as U+EF80 to
U+EFFF, as MirOS has it; so is each byte of a character of that range itself, so that every path has
a text of its own.
"""

import os
import re

_FIRST = 0xEF00
_RANGE = f"{chr(_FIRST + 0x80)}-{chr(_FIRST + 0xFF)}"
_ESCAPED = re.compile(f"[{_RANGE}]")
_SURROGATES = re.compile("[\udc80-\udcff]")
_ESCAPES = re.compile(f"[{_RANGE}]+")


def to_text(path: str) -> str:
    """Return the text of a path; that of a path in UTF-8 is mostly the path itself."""
    return without_surrogates(_ESCAPED.sub(_escaped, path))


def without_surrogates(path: str) -> str:
    """Return a path as text, where it may be such a text already."""
    return _SURROGATES.sub(_escaped, path)


def from_text(text: str) -> str:
    """Return the path that a text stands for, as ``os.fsdecode`` gives it."""

    def whole(found: re.Match[str]) -> str:
        return os.fsdecode(bytes(ord(character) - _FIRST for character in found[0]))

    return _ESCAPES.sub(whole, text)


def _escaped(found: re.Match[str]) -> str:
    raw = found[0].encode("utf-8", "surrogateescape")
    return "".join(chr(_FIRST + byte) for byte in raw)

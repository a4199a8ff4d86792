"""TOML of somebody else, parsed in a time that its size bounds.

The parser of the standard library takes the square of the parts of a dotted key, and microseconds
for each key and item. What a recipe cannot need is refused before, by a scan that is linear.
"""

import re
import tomllib
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

LARGEST = 2**23
"""Bytes of a recipe; a table of learning rates that is inlined takes some fifty a row."""

_MAX_PARTS = 8  # of a dotted key; no table of a recipe is nearly as deep
_MAX_WORD = 10_000  # characters of a key or a number
_MAX_QUOTED = 2**20  # characters in strings and comments
_MAX_COUNTS = MappingProxyType(
    {"=": 10_000, "[": 10_000, "{": 10_000, '"': 20_000, ",": 250_000, "\n": 300_000}
)
_QUOTED = re.compile(
    r'"""(?:[^"\\]++|\\.|\\\Z|"(?!""))*+(?:"""|\Z)'
    r"|'''(?:[^']++|'(?!''))*+(?:'''|\Z)"
    r'|"(?:[^"\\\n]++|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+",
    re.DOTALL,
)
_LONG_WORD = re.compile(rf"[\w.+-]{{{_MAX_WORD}}}")
_PART = r'(?:[\w-]++|"")'
_LONG_KEY = re.compile(rf'(?<![\w"-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{_MAX_PARTS}}}')


def parse_toml(text: str) -> dict[str, Any]:
    """Return what a text in TOML holds.

    Time and memory are bounded, whatever it says: at most 10 000 keys and tables, 250 000 items,
    300 000 lines, 8 parts in a key; a few seconds, and 100 MiB.

    Raises:
        ValueError: it is no TOML, or holds more than that.
        RecursionError: it is nested too deep.
    """
    for problem in _beyond(text):
        raise ValueError(problem)
    return tomllib.loads(text)


def _beyond(text: str) -> Iterator[str]:
    """Yield in what a text is beyond what a recipe may hold."""
    if len(text) > LARGEST:
        yield f"larger than {LARGEST} characters"
    bare = _QUOTED.sub(lambda found: "" if found[0][0] == "#" else '""', text)
    if len(text) - len(bare) > _MAX_QUOTED:
        yield f"more than {_MAX_QUOTED} characters in strings and comments"
    for mark, most in _MAX_COUNTS.items():
        if bare.count(mark) > most:
            yield f"more than {most} times {mark!r}"
    if _LONG_WORD.search(bare):
        yield f"a key or a number of {_MAX_WORD} characters or more"
    if _LONG_KEY.search(bare):
        yield f"a key of more than {_MAX_PARTS} parts"

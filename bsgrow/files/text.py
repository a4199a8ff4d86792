"""Text that people and other programs wrote, in whatever form their editor or shell saves it."""

import codecs
from pathlib import Path

from bsgrow.files.regular import read_regular

_MARKS = (  # the longer ones first, as that of UTF-16 begins that of UTF-32
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)

SAVE_AS_TEXT = "save it as UTF-8, or as UTF-16 with a byte order mark"
"""What to do about a file that is no such text."""


def read_text(path: Path, largest: int) -> str:
    """Return the text of a file: UTF-8, or what its byte order mark says; lines end in a newline.

    A mark alone is no text.

    Args:
        path: the file.
        largest: bytes that it may have.

    Raises:
        OSError: the file cannot be read, is no regular file, or is larger.
        UnicodeDecodeError: it is no such text.
    """
    data = read_regular(path, largest)
    marked = (name for mark, name in _MARKS if data.startswith(mark) and data != mark)
    encoding = next(marked, "utf-8")
    return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")

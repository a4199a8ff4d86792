"""Numbers of bytes as people write them: 256MiB."""

import re

from bsgrow.errors import InputError
from bsgrow.text.printable import cut

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40}
_SIZE = re.compile(r"([0-9]{1,15})\s*([kmgt]?i?)b?", re.IGNORECASE)


def parse_size(text: str, option: str) -> int:
    """Return the bytes that ``268435456``, ``256MiB``, ``256Mi`` or ``1GB`` stands for.

    Raises:
        InputError: it stands for none; names the option.
    """
    match = _SIZE.fullmatch(text.strip())
    factor = (_UNITS | _BINARY).get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise InputError(
            f"{option} {cut(text)}: not a number of bytes", hint=f"such as {option} 256MiB"
        )
    return int(match[1]) * factor


def format_size(num_bytes: int) -> str:
    """Return a number of bytes to three digits, such as ``1.31 MiB``."""
    size, units = float(num_bytes), iter(("B", "KiB", "MiB", "GiB", "TiB"))
    unit = next(units)
    while size >= 1000 and (larger := next(units, None)):
        size, unit = size / 1024, larger
    return f"{size:.3g} {unit}"

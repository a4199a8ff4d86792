"""Numbers of ranks, as a user writes them."""

from bsgrow.errors import InputError
from bsgrow.text.printable import cut

_MAX_DIGITS = 9


def parse_world_sizes(text: str) -> list[int]:
    """Read numbers of ranks, such as ``1,8,64``; raises InputError for anything else."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and len(word) <= _MAX_DIGITS and int(word) > 0 for word in words):
        raise InputError(
            f"--world-size {cut(text)}: must be numbers of ranks above 0 and of at most "
            f"{_MAX_DIGITS} digits, separated by commas",
            hint="for example --world-size 1,8,64",
        )
    return sorted({int(word) for word in words})

"""Numbers of ranks, and when they pay, as a user writes them."""

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


def parse_efficiency(part: float | None) -> float:
    """Return from which efficiency on ranks pay, the default where absent.

    Raises:
        InputError: it is no part.
    """
    from bsgrow.reporting.world_times import EFFICIENCY

    if part is None:
        return EFFICIENCY
    if not 0 < part <= 1:
        raise InputError(
            f"--efficiency {part}: must be above 0 and at most 1",
            hint="for example --efficiency 0.8",
        )
    return part

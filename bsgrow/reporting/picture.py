"""A picture of plans as a file: which kinds there are, how many plans one holds, and writing it."""

from pathlib import Path

from matplotlib.figure import Figure

from bsgrow.errors import BsgrowError, InputError
from bsgrow.reporting.style import COLOURS
from bsgrow.text.printable import printable

SUFFIXES = (".png", ".svg", ".pdf")


def require_drawable(num_plans: int, path: Path) -> None:
    """Raise InputError unless that many plans can be drawn into a file of that name."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{printable(path)}: a picture of kind {path.suffix or 'unknown'!r} cannot be written",
            hint=f"name a file that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}",
        )
    if num_plans > len(COLOURS):
        raise InputError(
            f"{num_plans} plans: a picture holds up to {len(COLOURS)}",
            hint="draw fewer at a time",
        )


def save_figure(figure: Figure, path: Path) -> None:
    """Write the file; the same plans give the same bytes. Raises BsgrowError where it cannot."""
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    try:
        figure.savefig(path, dpi=150, metadata=dates.get(path.suffix.lower()))
    except OSError as error:
        raise BsgrowError(
            f"{printable(path)}: cannot be written: {error.strerror or error}",
            hint="name a file in a folder that exists and is yours to write",
        ) from error

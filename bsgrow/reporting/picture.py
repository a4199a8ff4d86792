"""A picture of plans as a file: which kinds there are, how many plans one holds, and writing it."""

from pathlib import Path

from matplotlib.figure import Figure

from bsgrow.errors import BsgrowError, InputError
from bsgrow.files.atomic import write_atomically
from bsgrow.reporting.style import COLOURS
from bsgrow.text.printable import printable

SUFFIXES = (".png", ".svg", ".pdf")

_DPI = 150


_DATES = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
"""That a file would have of when it was drawn: left out, so that the same gives the same bytes."""


def require_drawable(num_plans: int, path: Path) -> None:
    """Raise InputError unless that many plans can be drawn into a file of that name."""
    require_kind(path)
    if num_plans > len(COLOURS):
        raise InputError(
            f"{num_plans} plans: a picture holds up to {len(COLOURS)}",
            hint="draw fewer at a time",
        )


def require_kind(path: Path) -> None:
    """Raise InputError unless a picture can be written into a file of that name."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{printable(path)}: a picture of kind {path.suffix or 'unknown'!r} cannot be written",
            hint=f"name a file that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}",
        )


def save_figure(figure: Figure, path: Path) -> None:
    """Write the file; the same plans give the same bytes. Raises BsgrowError where it cannot."""
    try:
        figure.savefig(path, dpi=_DPI, metadata=_DATES.get(path.suffix.lower()))
    except OSError as error:
        raise BsgrowError(
            f"{printable(path)}: cannot be written: {error.strerror or error}",
            hint="name a file in a folder that exists and is yours to write",
        ) from error


def replace_figure(figure: Figure, path: Path) -> None:
    """Write the file as ``write_atomically`` does: whole, and in the place of one that is there."""
    suffix = path.suffix.lower()
    kind, dates = suffix.removeprefix("."), _DATES.get(suffix)
    write_atomically(path, lambda file: figure.savefig(file, dpi=_DPI, format=kind, metadata=dates))

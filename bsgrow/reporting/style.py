"""What tells the lines of a picture apart, on a screen, in print and in greyscale."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal, NamedTuple

import matplotlib as mpl

from bsgrow.text.printable import printable

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Four of Okabe and Ito's palette, which colour-blind readers tell apart."""

Dashes = Literal["-", "--", "-.", ":"] | tuple[float, tuple[float, ...]]
"""A style of line that matplotlib has a name for, or the lengths of its dashes and gaps."""

DASHES: Final[tuple[Dashes, ...]] = ("-", "--", "-.", ":")
"""Line styles, in the order of ``COLOURS``."""

GREYS = ("#C4C4C4", "#E0E0E0", "#B0B0B0", "#D2D2D2")
"""Of what lies behind the lines, to compare them with."""


class Line(NamedTuple):
    """How a line is drawn; two differ in both, so that one is enough to tell them apart."""

    colour: str
    dashes: Dashes


LINES = (
    *map(Line, COLOURS, DASHES),
    Line("#E69F00", (0, (7, 2, 1, 2, 1, 2))),
    Line("#56B4E9", (0, (9, 3))),
    Line("#7A7A7A", (0, (1, 3))),
    Line("#8C6D1F", (0, (4, 1, 1, 1))),
)
"""All that are told apart in one picture, the first four as above."""


def drawn(name: str) -> str:
    """Return a name, as of a file, as matplotlib draws it: as no formula, and all of it text."""
    text = printable(name).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text  # which legends leave out


@contextmanager
def own_style() -> Iterator[None]:
    """Draw the same bytes each time, and say nothing of glyphs that no font has."""
    with mpl.rc_context({"svg.hashsalt": "bsgrow"}), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield

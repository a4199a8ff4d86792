"""What tells the lines of a picture apart, on a screen, in print and in greyscale."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl

from bsgrow.text.printable import printable

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Four of Okabe and Ito's palette, which colour-blind readers tell apart."""

DASHES = ("-", "--", "-.", ":")
"""Line styles, in the order of ``COLOURS``."""


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

"""What tells the lines of a picture apart, on a screen, in print and in greyscale."""

from bsgrow.data.names import printable

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Four of Okabe and Ito's palette, which colour-blind readers tell apart."""

DASHES = ("-", "--", "-.", ":")
"""Line styles, in the order of ``COLOURS``."""


def drawn(name: str) -> str:
    """Return a name, as of a file, as matplotlib draws it: as no formula, and all of it text."""
    return printable(name).replace("$", r"\$")

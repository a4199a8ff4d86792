"""What tells the lines of a picture apart, on a screen, in print and in greyscale."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Four of Okabe and Ito's palette, which colour-blind readers tell apart."""

DASHES = ("-", "--", "-.", ":")
"""Line styles, in the order of ``COLOURS``."""

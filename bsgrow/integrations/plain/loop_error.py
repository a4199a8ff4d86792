"""A training loop that does not do what its plan says."""

from bsgrow.errors import BsgrowError


class LoopError(BsgrowError, RuntimeError):
    """A loop forgot a step, made one too many, or left an update half done."""

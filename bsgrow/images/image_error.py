"""The error for one image."""

from bsgrow.errors import BsgrowError


class ImageError(BsgrowError, ValueError):
    """An image that cannot be shown; the message is the reason, without the name of the file."""

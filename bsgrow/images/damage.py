"""What Pillow raises on a broken file, as the one error that says why."""

from collections.abc import Iterator
from contextlib import contextmanager

from bsgrow.images.image_error import ImageError


@contextmanager
def naming_damage(what: str) -> Iterator[None]:
    """Turns all that fails while entered into an ImageError: what is wrong, and Pillow's word."""
    try:
        yield
    except ImageError:
        raise
    except Exception as error:  # plugins of Pillow raise anything on broken files
        raise ImageError(f"{what}: {str(error) or type(error).__name__}") from error

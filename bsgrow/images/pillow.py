"""Pillow's remarks on odd and broken files: kept quiet, or raised as the one error here."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from bsgrow.images.image_error import ImageError


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keeps Pillow's remarks on odd files off stderr; not for more than one thread to enter."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


@contextmanager
def naming_damage(what: str) -> Iterator[None]:
    """Turns all that fails while entered into an ImageError: what is wrong, and Pillow's word."""
    try:
        yield
    except ImageError:
        raise
    except Exception as error:  # plugins of Pillow raise anything on broken files
        raise ImageError(f"{what}: {str(error) or type(error).__name__}") from error

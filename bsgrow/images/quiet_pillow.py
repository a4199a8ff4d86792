"""Keeping Pillow quiet."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keeps Pillow's remarks on odd files off stderr; not for more than one thread to enter."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield

"""How often Python looks for garbage: rarely while a command begins, which leaves none."""

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_FEW = 100_000  # objects made before garbage is looked for
_USUAL = gc.get_threshold()


@contextmanager
def few_collections() -> Iterator[None]:
    """Look for garbage rarely: it takes a sixth of a short command; see ``collect_as_usual``."""
    gc.set_threshold(_FEW)
    atexit.register(_leave_all)
    try:
        yield
    finally:
        collect_as_usual()


def collect_as_usual() -> None:
    """Look for garbage as often as Python does: what works for long begins with this."""
    gc.set_threshold(*_USUAL)


def _leave_all() -> None:
    """Let the interpreter end without a look through all that was imported."""
    if "torch" not in sys.modules:  # which may want to be taken down in order
        gc.freeze()

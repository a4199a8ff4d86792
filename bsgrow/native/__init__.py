"""The thin Python face of ``csrc/``, and the reference that every operation is tested against.

Which sample comes next and how it is augmented are pure functions of (seed, position), so that
nothing about how the stream is cut into batches, threads or restarts changes what it holds. The
work is done by ``bsgrow._native`` (see ``csrc/README.md``); :mod:`bsgrow.native.reference` says the
same in plain Python. What is named here is imported when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsgrow.native.augment import Augment, PaddingMode
    from bsgrow.native.normalisation import scale_and_bias
    from bsgrow.native.stream import (
        Task,
        gather_async,
        instruction_set,
        load_batch,
        load_batch_async,
    )

__all__ = [
    "Augment",
    "PaddingMode",
    "Task",
    "gather_async",
    "instruction_set",
    "load_batch",
    "load_batch_async",
    "scale_and_bias",
]

_ELSEWHERE = {"Augment": "augment", "PaddingMode": "augment", "scale_and_bias": "normalisation"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'stream')}"), name)

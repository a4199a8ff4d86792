"""The thin Python face of ``csrc/``, and the reference that every operation is tested against.

Which sample comes next and how it is augmented are pure functions of (seed, position), so that
nothing about how the stream is cut into batches, threads or restarts changes what it holds. The
work is done by ``bsgrow._native`` (see ``csrc/README.md``); :mod:`bsgrow.native.reference` says the
same in plain Python. What is named here is imported when it is asked for.
"""

from typing import TYPE_CHECKING

from bsgrow.lazy import importing

if TYPE_CHECKING:
    from bsgrow.native.augment import Augment, PaddingMode
    from bsgrow.native.batches import (
        Task,
        gather_async,
        instruction_set,
        load_batch,
        load_batch_async,
    )
    from bsgrow.native.normalisation import scale_and_bias

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

__getattr__, __dir__ = importing(
    __name__,
    {
        "augment": "Augment PaddingMode",
        "batches": "Task gather_async instruction_set load_batch load_batch_async",
        "normalisation": "scale_and_bias",
    },
)

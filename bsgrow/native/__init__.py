"""The sample stream: which sample comes next, and how it is augmented.

Both are pure functions of (seed, position), so that nothing about how the stream is cut into
batches, threads or restarts changes what it holds. The work is done by ``bsgrow._native`` (see
``csrc/README.md``); :mod:`bsgrow.native.reference` says the same in plain Python.
"""

from bsgrow.native.augment import Augment, PaddingMode
from bsgrow.native.normalisation import scale_and_bias
from bsgrow.native.stream import (
    Task,
    gather_async,
    instruction_set,
    load_batch,
    load_batch_async,
    order,
)

__all__ = [
    "Augment",
    "PaddingMode",
    "Task",
    "gather_async",
    "instruction_set",
    "load_batch",
    "load_batch_async",
    "order",
    "scale_and_bias",
]

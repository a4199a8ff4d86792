"""The endless stream of samples, and how an update of it is divided; free of torch.

Which sample stands at a position (:class:`SampleStream`), which positions of an update a process
takes (:class:`Share`), and the micro-batches that it takes them in (:class:`Cut`). For who reads
samples one by one, :class:`SampleIndex` says the epoch too, and :func:`sample_rng` gives each its
own random numbers.
"""

from typing import TYPE_CHECKING

from bsgrow.lazy import importing
from bsgrow.stream.sample_index import SampleIndex, SampleIndices
from bsgrow.stream.share import Cut, Share, gradient_accumulation_steps

if TYPE_CHECKING:
    from bsgrow.stream.sample_numbers import sample_rng, torch_sample_rng, torch_seeded
    from bsgrow.stream.sample_stream import Places, SampleStream

__all__ = [
    "Cut",
    "Places",
    "SampleIndex",
    "SampleIndices",
    "SampleStream",
    "Share",
    "gradient_accumulation_steps",
    "sample_rng",
    "torch_sample_rng",
    "torch_seeded",
]

# What needs NumPy is imported when it is asked for: to divide an update takes integers alone.
__getattr__, __dir__ = importing(
    __name__,
    {
        "sample_numbers": "sample_rng torch_sample_rng torch_seeded",
        "sample_stream": "Places SampleStream",
    },
)

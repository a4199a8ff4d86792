"""The endless stream of samples, and how an update of it is divided; free of torch.

Which sample stands at a position (:class:`SampleStream`), which positions of an update a process
takes (:class:`Share`), and the micro-batches that it takes them in (:class:`Cut`).
"""

from typing import TYPE_CHECKING

from bsgrow.lazy import importing
from bsgrow.stream.share import Cut, Share, gradient_accumulation_steps

if TYPE_CHECKING:
    from bsgrow.stream.sample_stream import Places, SampleStream

__all__ = ["Cut", "Places", "SampleStream", "Share", "gradient_accumulation_steps"]

# What needs NumPy is imported when it is asked for: to divide an update takes integers alone.
__getattr__, __dir__ = importing(__name__, {"sample_stream": "Places SampleStream"})

"""The parts in order of worth: a new one is a file in ``parts``, and a line here."""

from typing import Final

from tests.device_check.part import Part
from tests.device_check.parts import (
    build,
    compiled,
    dali,
    growth,
    kernels,
    loader_rate,
    loaders,
    memory_check,
    order,
    photographs,
    processes,
    stream_rate,
    training,
    training_rate,
)

PARTS: Final[tuple[Part, ...]] = (
    build.PART,
    kernels.PART,
    order.PART,
    loaders.PART,
    training.PART,
    stream_rate.PART,
    compiled.PART,
    loader_rate.PART,
    growth.PART,
    photographs.PART,
    dali.PART,
    processes.PART,
    training_rate.PART,
    memory_check.PART,
)

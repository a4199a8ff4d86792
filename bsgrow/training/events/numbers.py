"""The numbers that events hold: their types, as they are read from JSON."""

import math
import sys
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

_LARGEST_MEASURE = 1e60  # beyond any sum of float32 losses, and its square is a float


def _within(low: float, high: float) -> AfterValidator:
    """Return a check of a number's range; nan is no number, and passes."""

    def check(value: float) -> float:
        if value < low or value > high:
            raise PydanticCustomError("range", f"should be from {low:g} to {high:g}")
        return value

    return AfterValidator(check)


_NULL_IS_NAN = BeforeValidator(lambda value: math.nan if value is None else value)

Count = Annotated[int, Field(ge=0, lt=2**64)]
"""A number of things, or an index or a seed."""
Number = Annotated[float, _NULL_IS_NAN, _within(-sys.float_info.max, sys.float_info.max)]
"""A float; null in JSON is nan."""
Measure = Annotated[float, _NULL_IS_NAN, _within(-_LARGEST_MEASURE, _LARGEST_MEASURE)]
"""A float with a square that is one too, so that spreads can be had; null in JSON is nan."""
Fraction = Annotated[float, _NULL_IS_NAN, _within(0.0, 1.0)]
"""A float from 0 to 1; null in JSON is nan."""

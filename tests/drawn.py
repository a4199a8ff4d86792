"""How many cases are drawn: with HYPOTHESIS_PROFILE=thorough ten times those of every day."""

from hypothesis import settings

EVERYDAY, THOROUGH = 50, 500  # of a test that does not say how many


def num_cases(num: int) -> int:
    """Return how many to draw, where `num` are drawn every day."""
    return num * settings().max_examples // EVERYDAY

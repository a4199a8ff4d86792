"""What the tests of the loaders share."""

import pytest

from bsgrow.loading import ring


@pytest.fixture
def num_allocated(monkeypatch):
    """How many slots of rings were allocated so far: malloc may give an address out again."""
    allocated = []
    allocate = ring._aligned_memory

    def counting(num_bytes):
        allocated.append(num_bytes)
        return allocate(num_bytes)

    monkeypatch.setattr(ring, "_aligned_memory", counting)
    return lambda: len(allocated)

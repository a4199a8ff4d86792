"""A disk on which no file can grow beyond a size, as on one that is full."""

import resource
from contextlib import contextmanager


@contextmanager
def files_at_most(num_bytes):
    """Let no file of this process grow beyond a size; Python ignores the signal that tells so."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

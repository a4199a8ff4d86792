"""Where the host must not wait for a CUDA device."""

import warnings
from contextlib import contextmanager

import torch


@contextmanager
def forbidden_to_wait():
    """Makes an error of what waits for the device; torch warns once that this is a prototype."""
    with warnings.catch_warnings(category=UserWarning, action="ignore"):
        try:
            torch.cuda.set_sync_debug_mode("error")
            yield
        finally:
            torch.cuda.set_sync_debug_mode("default")

"""Moments in the work of a device, which the host marks without waiting for it."""

import time

import torch

Mark = float | torch.cuda.Event
"""Seconds on the host's clock, or an event on the stream of a CUDA device."""


def mark(device: torch.device) -> Mark:
    """Mark the moment at which a device has done all that it was given until now."""
    if device.type != "cuda":
        return time.perf_counter()
    event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch
    event.record()
    return event


def has_passed(moment: Mark) -> bool:
    """Return whether the device has come to a mark; waits for nothing."""
    return isinstance(moment, float) or moment.query()  # type: ignore[no-untyped-call]  # torch


def seconds_between(first: Mark, second: Mark) -> float:
    """Return the seconds from one mark of a device to another that have both passed."""
    if isinstance(first, float):
        assert isinstance(second, float)
        return second - first
    assert not isinstance(second, float)
    milliseconds: float = first.elapsed_time(second)
    return milliseconds / 1000

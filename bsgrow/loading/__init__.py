"""Plan to micro-batches: fills buffers from the stream of samples, ahead of their use."""

from bsgrow.loading.array_loader import ArrayLoader, MicroBatch

__all__ = ["ArrayLoader", "MicroBatch"]

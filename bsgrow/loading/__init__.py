"""Plan to micro-batches: fills buffers from the stream of samples, ahead of their use."""

from bsgrow.loading.array_loader import ArrayLoader
from bsgrow.loading.encoded_loader import EncodedLoader
from bsgrow.loading.loader import Loader, MicroBatch

__all__ = ["ArrayLoader", "EncodedLoader", "Loader", "MicroBatch"]

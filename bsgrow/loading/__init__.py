"""Plan to micro-batches: fills buffers from the stream of samples, ahead of their use."""

from bsgrow.loading.array_loader import ArrayLoader, host_fill
from bsgrow.loading.choice import make_loader
from bsgrow.loading.decoder_choice import choose_decoder
from bsgrow.loading.encoded_loader import EncodedLoader
from bsgrow.loading.loader import (
    Loader,
    MicroBatch,
    UpdateBatches,
    by_update,
    micro_batches_of,
)
from bsgrow.loading.resident import resident_fill
from bsgrow.loading.settings import LoaderSettings
from bsgrow.loading.streamed import streamed_fill

__all__ = [
    "ArrayLoader",
    "EncodedLoader",
    "Loader",
    "LoaderSettings",
    "MicroBatch",
    "UpdateBatches",
    "by_update",
    "choose_decoder",
    "host_fill",
    "make_loader",
    "micro_batches_of",
    "resident_fill",
    "streamed_fill",
]

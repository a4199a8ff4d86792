"""Plan to micro-batches: fills buffers from the stream of samples, ahead of their use."""

from bsgrow.loading.array_loader import ArrayLoader
from bsgrow.loading.array_loaders import choose_array_loader
from bsgrow.loading.dataset_loader import LoaderSettings, make_loader
from bsgrow.loading.decoder_choice import choose_decoder
from bsgrow.loading.device_array_loader import DeviceArrayLoader
from bsgrow.loading.encoded_loader import EncodedLoader
from bsgrow.loading.loader import Loader, MicroBatch, UpdateBatches, by_update, micro_batches_of
from bsgrow.loading.streamed_array_loader import StreamedArrayLoader

__all__ = [
    "ArrayLoader",
    "DeviceArrayLoader",
    "EncodedLoader",
    "Loader",
    "LoaderSettings",
    "MicroBatch",
    "StreamedArrayLoader",
    "UpdateBatches",
    "by_update",
    "choose_array_loader",
    "choose_decoder",
    "make_loader",
    "micro_batches_of",
]

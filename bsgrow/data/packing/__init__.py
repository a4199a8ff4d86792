"""`bsgrow data pack`: image folders and WebDataset tars into shards."""

from bsgrow.data.packing.options import OnError, PackOptions
from bsgrow.data.packing.pack import PackedSplit, pack
from bsgrow.data.packing.transform import ToBaseline

__all__ = ["OnError", "PackOptions", "PackedSplit", "ToBaseline", "pack"]

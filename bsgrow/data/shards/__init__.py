"""Packed shards: a split as a few large files with an index; README.md specifies each byte."""

from bsgrow.data.shards.files import (
    check_complete,
    check_same_texts,
    open_header,
    open_index,
    shard_name,
    shard_paths,
)
from bsgrow.data.shards.index_checks import ShardError
from bsgrow.data.shards.split import ShardSplit, is_whole, open_shards

__all__ = [
    "ShardError",
    "ShardSplit",
    "check_complete",
    "check_same_texts",
    "is_whole",
    "open_header",
    "open_index",
    "open_shards",
    "shard_name",
    "shard_paths",
]

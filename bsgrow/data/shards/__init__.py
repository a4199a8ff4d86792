"""Packed shards: a split as a few large files with an index; README.md specifies each byte."""

from bsgrow.data.shards.index_checks import ShardError
from bsgrow.data.shards.split import ShardSplit, count_samples, open_index, shard_name, shard_paths

__all__ = ["ShardError", "ShardSplit", "count_samples", "open_index", "shard_name", "shard_paths"]

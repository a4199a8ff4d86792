"""The loaders of all ranks of a run, one by one, and what they make together."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from bsgrow.loading import EncodedLoader
from bsgrow.stream import Share

WORLD_SIZES = [1, 2, 3, 4, 5, 8]


def ranks_of(loader: Any, world_size: int, ghost_batch_size: int) -> Iterator[Any]:
    """Yield the loader of each rank: one at a time, so that they may lend each other a decoder."""
    for rank in range(world_size):
        share = Share(rank, world_size, ghost_batch_size)
        part = replace(loader, settings=replace(loader.settings, share=share))
        if isinstance(part, EncodedLoader):
            part._idle_decoders = loader._idle_decoders
        yield part


def updates_of(loader: Any, plan: Any) -> list[list[Any]]:
    """Return the micro-batches of each update."""
    with closing(loader.updates(plan)) as stream:
        return [list(micro_batches) for _, micro_batches in stream]


def joined(ranks: list[list[list[Any]]]) -> list[list[Any]]:
    """Return what all ranks have of each update, in the order of the ranks."""
    return [[each for part in parts for each in part] for parts in zip(*ranks, strict=True)]

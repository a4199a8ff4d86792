"""Which part of every update a process takes, by itself."""

import os

import torch.distributed as dist

from bsgrow.errors import InputError
from bsgrow.stream import Share

_AVERAGING = {"DistributedDataParallel", "FullyShardedDataParallel", "FSDPModule"}


def share_of_process(rank: int | None, world_size: int | None, ghost_batch_size: int) -> Share:
    """Return the share of a process: as it is told, or else as torch.distributed says.

    Args:
        rank: of this process; absent with world_size.
        world_size: number of processes.
        ghost_batch_size: samples that are never cut apart.

    Raises:
        InputError: one of the two is given alone, or several processes were launched and have not
            met yet, so that each would take all samples.
    """
    if (rank is None) != (world_size is None):
        raise InputError("rank and world_size go together: give both, or none")
    if rank is not None and world_size is not None:
        return Share(rank, world_size, ghost_batch_size)
    if dist.is_available() and dist.is_initialized():
        return Share(dist.get_rank(), dist.get_world_size(), ghost_batch_size)
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise InputError(
            f"WORLD_SIZE={os.environ['WORLD_SIZE']}: several processes were launched, and "
            "torch.distributed does not know of them yet",
            hint="call torch.distributed.init_process_group() first, or give rank and world_size",
        )
    return Share(0, 1, ghost_batch_size)


def require_sums(model: object) -> None:
    """Raise InputError for a model that takes the mean of gradients over processes."""
    for name in _AVERAGING.intersection(each.__name__ for each in type(model).__mro__):
        raise InputError(
            f"{name}: takes the mean of gradients over the processes, and weights are for their "
            "sum, so that each update would be too small by their number",
            hint="GrowingLoader(…, averages_gradients=True)",
        )

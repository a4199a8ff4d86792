"""What a DataLoader that is there already was made with, for one that follows a plan."""

from typing import Any

from torch.utils.data import DataLoader, RandomSampler, SequentialSampler

from bsgrow.errors import InputError

_KEPT = (
    "collate_fn",
    "multiprocessing_context",
    "num_workers",
    "pin_memory",
    "prefetch_factor",
    "timeout",
    "worker_init_fn",
)


def dataloader_arguments(loader: DataLoader[Any]) -> dict[str, Any]:
    """Return the arguments of a DataLoader that a ``GrowingLoader`` takes, but for the order."""
    return {name: getattr(loader, name) for name in _KEPT}


def is_shuffled(loader: DataLoader[Any]) -> bool:
    """Return whether a DataLoader was made with ``shuffle=True``.

    Raises:
        InputError: samples come in an order of the DataLoader's own.
    """
    if type(loader.sampler) not in (RandomSampler, SequentialSampler):
        raise InputError(
            f"{type(loader.sampler).__name__}: brings an order of its own, and the plan's updates "
            "follow that of bsgrow.SampleStream",
            hint="give the DataLoader shuffle=True or shuffle=False, and no sampler",
        )
    return isinstance(loader.sampler, RandomSampler)

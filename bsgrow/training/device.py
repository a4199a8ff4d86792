"""Where a run computes, and in which precision."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

import torch

from bsgrow.errors import InputError
from bsgrow.recipe.device_name import check_device
from bsgrow.training.background import within


@dataclass(frozen=True, slots=True)
class Precision:
    """How numbers are laid out and computed on a device.

    Attributes:
        autocast_dtype: dtype of convolutions and products; None computes all in float32.
        memory_format: layout of images and convolution weights.
    """

    autocast_dtype: torch.dtype | None
    memory_format: torch.memory_format


def precision_of(device: torch.device) -> Precision:
    """Return float32 in planar layout for the CPU, bfloat16 autocast in channels_last for CUDA."""
    if device.type == "cuda":
        return Precision(torch.bfloat16, torch.channels_last)
    return Precision(None, torch.contiguous_format)


def autocast(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[object]:
    """Return the context that computes in ``dtype`` where that is safe; None changes nothing."""
    if dtype is None:
        return nullcontext()
    return torch.autocast(device.type, dtype)


def resolve_device(name: str, key: str = "run.device", local_rank: int = 0) -> torch.device:
    """Return the device that ``auto``, ``cpu``, ``cuda`` or ``cuda:<index>`` stands for.

    Args:
        name: what the user wrote; ``auto`` is the first CUDA device where there is one.
        key: where they wrote it.
        local_rank: of this process on its machine: the index of the device that ``auto`` and
            ``cuda`` stand for.

    Raises:
        InputError: if the name is none of these, or that CUDA device is not there, or one is named
            for several processes.
    """
    num_cuda_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    index = check_device(name, key)
    if name.startswith("cuda:") and local_rank:
        raise InputError(
            f"{key} = {name!r} is one device, and this is process {local_rank} on its machine",
            hint='set run.device = "cuda", and each process has one of its own',
        )
    if name == "cuda" or (name == "auto" and num_cuda_devices):
        index = local_rank
    if index is None:
        return torch.device("cpu")
    if index >= num_cuda_devices:
        raise InputError(
            f"{key} = {name!r} is not there: torch {torch.__version__} sees "
            f"{num_cuda_devices or 'no'} CUDA device{'s' * (num_cuda_devices != 1)}"
            + f", and this is process {local_rank} on its machine"
            * bool(local_rank),
            hint='take "auto" or "cpu", or check the driver and torch\'s CUDA build'
            + "; a machine takes as many processes as it has devices" * bool(local_rank),
        )
    return torch.device("cuda", index)


def use_device(device: torch.device) -> None:
    """Make a CUDA device the current one: memory is pinned for it, and libraries take it.

    Micro-batches have few sizes, so that cuDNN measures once for each which convolution is fastest.
    """
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.backends.cudnn.benchmark = True


def ends_within(device: torch.device, seconds: float) -> bool:
    """Return whether a device ends in so many seconds what it was given; the CPU always has."""
    if device.type != "cuda":
        return True
    try:
        within(partial(torch.cuda.synchronize, device), seconds)
    except TimeoutError:
        return False
    return True

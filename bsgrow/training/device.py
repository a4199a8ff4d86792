"""Where a run computes, and in which precision."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from bsgrow.errors import InputError
from bsgrow.recipe.device_name import check_device
from bsgrow.recipe.run_config import PrecisionName
from bsgrow.training.background import within


@dataclass(frozen=True, slots=True)
class Precision:
    """How numbers are laid out and computed on a device.

    Attributes:
        autocast_dtype: dtype of convolutions and products; None computes all in float32.
        memory_format: layout of images and convolution weights.
        float32_products: how CUDA multiplies float32, ``ieee`` or ``tf32``; None leaves it at
            torch's choice.
    """

    autocast_dtype: torch.dtype | None
    memory_format: torch.memory_format
    float32_products: str | None = None


_AUTOCAST_DTYPES: Mapping[PrecisionName, torch.dtype | None] = {
    "float32": None,
    "tf32": None,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
_PRODUCTS: Mapping[PrecisionName, str] = {"float32": "ieee", "tf32": "tf32"}


def precision_of(device: torch.device, name: PrecisionName = "auto") -> Precision:
    """Return what computes on a device: planar on the CPU, in channels_last on CUDA.

    Args:
        device: where.
        name: ``run.precision``; ``auto`` is float32 on the CPU, and autocast on CUDA: bfloat16, or
            float16 on a card that would only emulate it, for which torch compiles nothing.

    Raises:
        InputError: the CPU has no TensorFloat-32.
    """
    on_cuda = device.type == "cuda"
    if name == "tf32" and not on_cuda:
        raise InputError(
            f'run.precision = "tf32": {device} has no TensorFloat-32, which is CUDA\'s',
            hint='set run.precision = "float32"',
        )
    layout = torch.channels_last if on_cuda else torch.contiguous_format
    if name == "auto":
        return Precision(_half_of(device) if on_cuda else None, layout)
    return Precision(_AUTOCAST_DTYPES[name], layout, _PRODUCTS.get(name))


def _half_of(device: torch.device) -> torch.dtype:
    """Return the dtype of 16 bits that a CUDA device computes in by itself."""
    return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float16


def autocast(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[object]:
    """Return the context that computes in ``dtype`` where that is safe; None changes nothing."""
    if dtype is None:
        return nullcontext()
    return torch.autocast(device.type, dtype)


def resolve_device(name: str, key: str = "run.device", local_rank: int = 0) -> torch.device:
    """Return the device that ``auto``, ``cpu``, ``mps``, ``cuda`` or ``cuda:<index>`` stands for.

    Args:
        name: what the user wrote; ``auto`` is the first CUDA device where there is one.
        key: where they wrote it.
        local_rank: of this process on its machine: the index of the device that ``auto`` and
            ``cuda`` stand for.

    Raises:
        InputError: if the name is none of these, or that device is not there, or one is named for
            several processes.
    """
    num_cuda_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    index = check_device(name, key)
    if (name.startswith("cuda:") or name == "mps") and local_rank:
        raise InputError(
            f"{key} = {name!r} is one device, and this is process {local_rank} on its machine",
            hint='set run.device = "cuda", and each process has one of its own',
        )
    if name == "mps":
        return _mps(key)
    if name == "cuda" or (name == "auto" and num_cuda_devices):
        index = local_rank
    if index is None:
        return torch.device("cpu")
    if index >= num_cuda_devices:
        raise _not_there(name, key, num_cuda_devices, local_rank)
    return torch.device("cuda", index)


def _not_there(name: str, key: str, num_cuda_devices: int, local_rank: int) -> InputError:
    return InputError(
        f"{key} = {name!r} is not there: torch {torch.__version__} sees "
        f"{num_cuda_devices or 'no'} CUDA device{'s' * (num_cuda_devices != 1)}"
        + f", and this is process {local_rank} on its machine"
        * bool(local_rank),
        hint='take "auto" or "cpu", or check the driver and torch\'s CUDA build'
        + "; a machine takes as many processes as it has devices" * bool(local_rank),
    )


def _mps(key: str) -> torch.device:
    if not torch.backends.mps.is_available():
        raise InputError(
            f"{key} = 'mps' is not there: torch {torch.__version__} sees no GPU of a Mac",
            hint='take "auto" or "cpu"; macOS 14 or newer on Apple silicon has one',
        )
    return torch.device("mps")


def use_device(device: torch.device, float32_products: str | None = None) -> None:
    """Make a CUDA device the current one: memory is pinned for it, and libraries take it.

    Micro-batches have few sizes, so that cuDNN measures once for each which convolution is fastest.

    Args:
        device: which one.
        float32_products: as ``Precision`` has them.
    """
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.backends.cudnn.benchmark = True
        if float32_products is not None:
            backends = torch.backends
            users: list[Any] = [backends.cuda.matmul, backends.cudnn.rnn]
            users.append(backends.cudnn.conv)  # type: ignore[attr-defined]  # not in torch's stubs
            for each in users:
                each.fp32_precision = float32_products


def ends_within(device: torch.device, seconds: float) -> bool:
    """Return whether a device ends in so many seconds what it was given; the CPU always has."""
    if device.type != "cuda":
        return True
    try:
        within(partial(torch.cuda.synchronize, device), seconds)
    except TimeoutError:
        return False
    return True

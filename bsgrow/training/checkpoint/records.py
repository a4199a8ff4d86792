"""The tensors of a checkpoint before they are made: what its pickle says of each, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any, Final

import torch
from torch import Tensor

from bsgrow.training.checkpoint.archive import Archive, NoCheckpointError

DTYPES: Final = MappingProxyType(
    {
        "torch BFloat16Storage": torch.bfloat16,
        "torch BoolStorage": torch.bool,
        "torch ByteStorage": torch.uint8,
        "torch CharStorage": torch.int8,
        "torch ComplexDoubleStorage": torch.complex128,
        "torch ComplexFloatStorage": torch.complex64,
        "torch DoubleStorage": torch.float64,
        "torch FloatStorage": torch.float32,
        "torch HalfStorage": torch.float16,
        "torch IntStorage": torch.int32,
        "torch LongStorage": torch.int64,
        "torch ShortStorage": torch.int16,
    }
)
"""The type of a storage's elements, by its class."""

_MOST_DIMENSIONS = 64


@dataclass(frozen=True, slots=True)
class Storage:
    """Bytes in the archive.

    Attributes:
        dtype: of its elements.
        key: which of the storages it is.
        num_elements: as many as it has.
    """

    dtype: torch.dtype
    key: str
    num_elements: int


@dataclass(frozen=True, slots=True)
class TensorRecord:
    """A tensor that was not made yet; its elements fill its storage, in whatever order.

    Attributes:
        storage: where its elements are.
        shape: its sizes.
        strides: in elements; those of sizes 1 are 1.
    """

    storage: Storage
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Global:
    """A name that a pickle asks for.

    Attributes:
        name: module and name, with a space between.
    """

    name: str


def storage_of(described: Any, sizes: Mapping[str, int]) -> Storage:
    """Return the storage that a pickle refers to; raises NoCheckpointError if it is not there.

    Args:
        described: ``("storage", class, key, device, number of elements)``.
        sizes: the bytes that each storage has.
    """
    match described:
        case ("storage", Global(name), str(key), str(), int(number)) if name in DTYPES:
            storage = Storage(DTYPES[name], key, number)
        case _:
            raise NoCheckpointError("it refers to what is no storage")
    if sizes.get(key) != number * storage.dtype.itemsize:
        raise NoCheckpointError(f"its storage {key[:20]!r} has not the size that is said")
    return storage


def tensor_of(described: tuple[Any, ...]) -> TensorRecord:
    """Return the tensor that a pickle describes; raises NoCheckpointError for one that is odd.

    Args:
        described: ``(storage, offset, shape, strides, requires_grad, hooks)``; the offset is 0.
    """
    match described:
        case (Storage() as storage, 0, tuple(shape), tuple(strides), False, dict(hooks)):
            is_plain = not hooks and len(shape) == len(strides) <= _MOST_DIMENSIONS
        case _:
            is_plain = False
    if not is_plain or not _are_sizes((*shape, *strides)):
        raise NoCheckpointError("it has a tensor that is not a plain one")
    strides = tuple(1 if n == 1 else stride for n, stride in zip(shape, strides, strict=True))
    if prod(shape) != storage.num_elements or not _is_dense(shape, strides):
        raise NoCheckpointError("it has a tensor that does not fill its storage")
    return TensorRecord(storage, shape, strides)


def load_tensor(record: TensorRecord, archive: Archive) -> Tensor:
    """Return the tensor, on the CPU; raises NoCheckpointError if it is damaged.

    It lies in the archive, if it can, and is not to be written to.
    """
    storage = record.storage
    content = _as_bytes(archive.storage(storage.key), storage.dtype.itemsize)
    if storage.dtype is torch.bool:
        content = content.ne(0)  # any other byte than 0 and 1 is no bool
    return content.view(storage.dtype).as_strided(record.shape, record.strides)


def _as_bytes(content: memoryview, alignment: int) -> Tensor:
    """Return bytes as a uint8 tensor, in their place where elements of a size may begin there."""
    if not content:
        return torch.empty(0, dtype=torch.uint8)
    tensor = torch.frombuffer(content, dtype=torch.uint8)
    return tensor if tensor.data_ptr() % alignment == 0 else tensor.clone()


def _are_sizes(values: tuple[Any, ...]) -> bool:
    return all(type(value) is int and 0 <= value < 2**63 for value in values)


def _is_dense(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether the elements fill a stretch of memory in the order of some of the dimensions."""
    num_elements = 1
    for stride, size in sorted(zip(strides, shape, strict=True)):
        if size != 1 and stride != num_elements:
            return 0 in shape
        num_elements *= size
    return True

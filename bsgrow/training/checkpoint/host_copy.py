"""A copy of the state in host memory, made while training waits and written while it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

_Place = tuple[Any, ...]


class HostCopy:
    """Copies tensors into memory of the host that is kept from one copy to the next.

    So the memory is that of one state, pinned where tensors come from a CUDA device, and only the
    first copy waits for the system to give it out. A copy is good until the next one is taken.
    """

    def __init__(self) -> None:
        self._kept: dict[_Place, Tensor] = {}

    @torch.no_grad()
    def take(self, tree: Any) -> Any:
        """Return nested dicts, lists and tuples with a copy in place of each tensor.

        The copies have the shapes, dtypes and strides of the tensors. From CUDA devices they are
        queued on the current stream, behind the updates that were made, and waited for together.
        """
        devices: set[torch.device] = set()
        with _one_thread():
            copied = self._copied(tree, (), devices)
        for device in devices:
            torch.cuda.current_stream(device).synchronize()
        return copied

    def _copied(self, tree: Any, place: _Place, devices: set[torch.device]) -> Any:
        if isinstance(tree, Tensor):
            if tree.is_cuda:
                devices.add(tree.device)
            return self._room(tree, place).copy_(tree, non_blocking=tree.is_cuda)
        if isinstance(tree, dict):
            return {key: self._copied(x, (*place, key), devices) for key, x in tree.items()}
        if isinstance(tree, list | tuple):
            return type(tree)(self._copied(x, (*place, i), devices) for i, x in enumerate(tree))
        return tree

    def _room(self, tensor: Tensor, place: _Place) -> Tensor:
        kept = self._kept.get(place)
        if kept is None or _layout(kept) != _layout(tensor):
            kept = torch.empty_like(tensor, device="cpu", pin_memory=tensor.is_cuda)
            self._kept[place] = kept
        return kept


@contextmanager
def _one_thread() -> Iterator[None]:
    """Copy in this thread: on a busy machine others are waited for once a tensor, for longer."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)


def _layout(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.shape, tensor.dtype, tensor.stride()

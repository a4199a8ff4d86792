"""Memory for micro-batches, lent slot by slot and taken back when nobody looks at it any more."""

import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_ALIGNMENT = 64  # bytes: a cache line, and the widest vector

Memory = NDArray[np.uint8]


class Ring:
    """Slots of equal size, each lent to one micro-batch at a time.

    A slot comes back when the last tensor or array that shares its storage dies: slices, detached
    tensors, ``.numpy()`` and what autograd saved count like the tensor that was lent. It belongs to
    whoever holds it and outlives the ring. Slots are allocated when they are first wanted.

    One thread borrows at a time; slots may come back from any.

    Args:
        slot_bytes: size of each slot.
        num_slots: how many are kept for reuse.
        pinned: in page-locked memory, from which a CUDA device copies by itself.
    """

    def __init__(self, slot_bytes: int, num_slots: int, *, pinned: bool = False) -> None:
        self._slot_bytes = slot_bytes
        self._num_slots = num_slots
        self._allocate = _pinned_memory if pinned else _aligned_memory
        self._free: deque[Memory] = deque()
        self._loans: dict[int, weakref.ref[Memory]] = {}  # by address of the slot

    @property
    def has_room(self) -> bool:
        """Whether a slot can be lent that is none beyond the ring's number."""
        return bool(self._free) or len(self._loans) < self._num_slots

    def lend(self) -> Tensor:
        """Return a slot, uint8 [slot_bytes], uninitialised, aligned to 64 bytes.

        Where all are lent, it is memory beyond the ring, freed instead of coming back.
        """
        is_of_ring = self.has_room
        memory = self._free.pop() if self._free else self._allocate(self._slot_bytes)
        loan = memory[:]  # an object of its own, which dies with the storage that torch makes of it
        if is_of_ring:
            self._loans[memory.ctypes.data] = weakref.ref(loan, _returns(memory, self._free))
        return torch.from_numpy(loan)


def _returns(memory: Memory, free: deque[Memory]) -> Callable[[Any], None]:
    """Make a callback that knows the slot and the list, not the ring: no cycle keeps them alive."""
    return lambda _: free.append(memory)


def _aligned_memory(num_bytes: int) -> Memory:
    memory = np.empty(num_bytes + _ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % _ALIGNMENT
    return memory[first : first + num_bytes]


def _pinned_memory(num_bytes: int) -> Memory:
    memory: Memory = torch.empty(num_bytes, dtype=torch.uint8, pin_memory=True).numpy()
    return memory

"""Memory for micro-batches, lent slot by slot and taken back when nobody looks at it any more."""

import ctypes
import weakref
from collections import deque

import numpy as np
import torch
from numpy.typing import NDArray

_ALIGNMENT = 64  # bytes: a cache line, and the widest vector

Memory = NDArray[np.uint8]

# An object that arrays hold which are made of it; of another array they would hold its owner.
_Slot = ctypes.Array[ctypes.c_ubyte]


class Ring:
    """Slots of equal size, each lent to one micro-batch at a time.

    A slot comes back when the last array or tensor made of it dies: slices, detached tensors,
    ``.numpy()`` and what autograd saved count like the first that was. It belongs to whoever holds
    it and outlives the ring. Slots are allocated when they are first wanted.

    One thread borrows at a time; slots may come back from any.

    Args:
        slot_bytes: size of each slot.
        num_slots: how many are kept for reuse.
        pinned: in page-locked memory, from which a CUDA device copies by itself.
    """

    def __init__(self, slot_bytes: int, num_slots: int, *, pinned: bool = False) -> None:
        self._slot_bytes = slot_bytes
        self._slot = ctypes.c_ubyte * slot_bytes
        self._num_slots = num_slots
        self._allocate = _pinned_memory if pinned else _aligned_memory
        self._slots: list[Memory] = []
        self._loans: list[_Loan] = []  # the latest of each slot
        self._returned: deque[_Loan] = deque()

    @property
    def has_room(self) -> bool:
        """Whether a slot can be lent that is none beyond the ring's number."""
        return bool(self._returned) or len(self._slots) < self._num_slots

    def lend(self) -> memoryview:
        """Return a slot, bytes [slot_bytes], uninitialised, aligned to 64 bytes.

        Where all are lent, it is memory beyond the ring, freed instead of coming back.
        """
        if self._returned:
            return self._lend(self._returned.pop().index)
        memory = self._allocate(self._slot_bytes)
        if len(self._slots) == self._num_slots:
            return memory.data
        self._slots.append(memory)
        return self._lend(len(self._slots) - 1)

    def _lend(self, index: int) -> memoryview:
        slot = self._slot.from_buffer(self._slots[index].data)
        loan = _Loan(slot, self._returned.append)
        loan.index = index
        self._loans[index : index + 1] = [loan]
        return memoryview(slot)


class _Loan(weakref.ref[_Slot]):
    """Notices when a slot comes back.

    It is put on the list of the returned by no Python code: a signal's handler, which runs between
    two steps of such code, would have its exception swallowed there as a callback's are.
    """

    __slots__ = ("index",)
    index: int


def _aligned_memory(num_bytes: int) -> Memory:
    memory = np.empty(num_bytes + _ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % _ALIGNMENT
    return memory[first : first + num_bytes]


def _pinned_memory(num_bytes: int) -> Memory:
    memory: Memory = torch.empty(num_bytes, dtype=torch.uint8, pin_memory=True).numpy()
    return memory

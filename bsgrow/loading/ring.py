"""Memory for micro-batches, lent slot by slot and taken back when nobody looks at it any more."""

import ctypes
import weakref
from collections import deque
from contextlib import suppress

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
    it and outlives the ring. A slot is allocated when one is wanted and none is back. Of more than
    num_slots that are out, the one lent the longest ago is its holder's for good, and freed with
    it: whoever keeps a tensor takes no slot from the others.

    One thread borrows at a time; slots may come back from any.

    Args:
        slot_bytes: size of each slot.
        num_slots: how many are kept for reuse.
        pinned: in page-locked memory, from which a CUDA device copies by itself.
    """

    def __init__(self, slot_bytes: int, num_slots: int, *, pinned: bool = False) -> None:
        self._slot_bytes = slot_bytes
        self._slot = ctypes.c_ubyte * slot_bytes
        self._allocate = _pinned_memory if pinned else _aligned_memory
        self._loans: deque[_Loan] = deque(maxlen=num_slots)  # the latest of each slot, in order
        self._returned: deque[_Loan] = deque()

    def lend(self) -> memoryview:
        """Return a slot, bytes [slot_bytes], uninitialised, aligned to 64 bytes."""
        if self._returned:
            return self._lend(self._take_back())
        return self._lend(self._allocate(self._slot_bytes))

    def _take_back(self) -> Memory:
        loan = self._returned.pop()
        with suppress(ValueError):  # it came back while its place was given to another
            self._loans.remove(loan)
        return loan.memory

    def _lend(self, memory: Memory) -> memoryview:
        slot = self._slot.from_buffer(memory.data)
        loan = _Loan(slot, self._returned.append)
        loan.memory = memory
        self._loans.append(loan)
        return memoryview(slot)


class _Loan(weakref.ref[_Slot]):
    """Notices when a slot comes back.

    It is put on the list of the returned by no Python code: a signal's handler, which runs between
    two steps of such code, would have its exception swallowed there as a callback's are.
    """

    __slots__ = ("memory",)
    memory: Memory


def _aligned_memory(num_bytes: int) -> Memory:
    memory = np.empty(num_bytes + _ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % _ALIGNMENT
    return memory[first : first + num_bytes]


def _pinned_memory(num_bytes: int) -> Memory:
    memory: Memory = torch.empty(num_bytes, dtype=torch.uint8, pin_memory=True).numpy()
    return memory

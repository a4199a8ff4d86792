"""A slot comes back when the last tensor or array of it dies, and not before."""

import gc
import itertools
import threading
import tracemalloc
import weakref

import numpy as np
import pytest
import torch

from bsgrow.loading.ring import Ring

SLOT = 4096

VIEWS = {
    "itself": lambda slot: slot,
    "a slice": lambda slot: slot[5:9],
    "another dtype and shape": lambda slot: slot.view(torch.float32).view(8, -1).T,
    "detached": lambda slot: slot.view(torch.float32).detach(),
    "an array": lambda slot: slot.numpy(),
    "an array of a view": lambda slot: slot[64:].view(torch.int64).numpy()[3:],
    "a tensor of an array": lambda slot: torch.from_numpy(slot.numpy()[1:]),
    "by DLPack": lambda slot: torch.from_dlpack(slot[1:]),
    "an array by DLPack": lambda slot: np.from_dlpack(slot[1:]),
    "its storage": lambda slot: slot.untyped_storage(),
    "a memoryview": lambda slot: memoryview(slot.numpy()),
    "a parameter": lambda slot: torch.nn.Parameter(slot.view(torch.float32)),
    "saved by autograd": lambda slot: (
        torch.ones(SLOT // 4, requires_grad=True) * slot.view(torch.float32)
    ),
    "in a cycle": lambda slot: cycle_of(slot),
}


def lend(ring):
    """A slot as a tensor."""
    return torch.from_numpy(np.frombuffer(ring.lend(), np.uint8))


def cycle_of(item):
    items = [item]
    items.append(items)
    return items


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_a_slot_is_kept_by_whatever_shares_its_storage(view):
    ring = Ring(SLOT, 1)
    slot = lend(ring)
    address = slot.data_ptr()
    held = view(slot)
    del slot
    gc.collect()
    assert not ring.has_room
    assert lend(ring).data_ptr() != address
    del held
    gc.collect()
    assert ring.has_room
    assert lend(ring).data_ptr() == address


def test_slots_are_aligned_and_apart():
    ring = Ring(1000, 3)
    slots = [lend(ring) for _ in range(5)]
    assert all(slot.data_ptr() % 64 == 0 for slot in slots)
    assert all(slot.shape == (1000,) and slot.dtype == torch.uint8 for slot in slots)
    addresses = sorted(slot.data_ptr() for slot in slots)
    assert all(second - first >= 1000 for first, second in itertools.pairwise(addresses))


def test_memory_beyond_the_ring_is_not_kept():
    ring = Ring(SLOT, 2)
    slots = [lend(ring) for _ in range(5)]
    assert not ring.has_room
    beyond = {slot.data_ptr() for slot in slots[2:]}
    del slots[2:]
    assert not ring.has_room
    del slots
    again = [lend(ring), lend(ring)]
    assert not ring.has_room
    assert not beyond & {slot.data_ptr() for slot in again}


def test_no_slots_lend_fresh_memory_each_time():
    ring = Ring(SLOT, 0)
    assert not ring.has_room
    slot = lend(ring)
    del slot
    assert not ring.has_room


def test_a_slot_outlives_its_ring():
    ring = Ring(SLOT, 1)
    slot = lend(ring)
    slot.fill_(7)
    gone = weakref.ref(ring)
    del ring
    assert gone() is None
    others = [torch.zeros(SLOT, dtype=torch.uint8) for _ in range(20)]
    assert slot.unique().tolist() == [7]
    assert len(others) == 20


def test_memory_is_freed_with_the_ring_and_the_last_of_its_slots():
    num_bytes = 1 << 20
    tracemalloc.start()
    try:
        ring = Ring(num_bytes, 4)
        slots = [lend(ring) for _ in range(4)]
        slots.pop()
        assert tracemalloc.get_traced_memory()[0] > 4 * num_bytes
        del ring
        assert 3 * num_bytes < tracemalloc.get_traced_memory()[0] < 3.5 * num_bytes
        del slots
        assert tracemalloc.get_traced_memory()[0] < num_bytes / 2
    finally:
        tracemalloc.stop()


def test_slots_come_back_from_other_threads():
    ring = Ring(SLOT, 2)
    slots = [lend(ring), lend(ring)]
    thread = threading.Thread(target=slots.clear)
    thread.start()
    thread.join()
    assert ring.has_room
    assert len({lend(ring).data_ptr() for _ in range(50)}) <= 2

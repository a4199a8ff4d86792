"""A slot comes back when the last tensor or array of it dies, and not before."""

import gc
import itertools
import queue
import threading
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor

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
def test_a_slot_is_kept_by_whatever_shares_its_storage(view, num_allocated):
    ring = Ring(SLOT, 2)
    slot = lend(ring)
    address = slot.data_ptr()
    held = view(slot)
    del slot
    gc.collect()
    other = lend(ring)
    assert other.data_ptr() != address
    del held
    gc.collect()
    assert lend(ring).data_ptr() == address
    assert num_allocated() == 2


def test_slots_are_aligned_and_apart():
    ring = Ring(1000, 3)
    slots = [lend(ring) for _ in range(5)]
    assert all(slot.data_ptr() % 64 == 0 for slot in slots)
    assert all(slot.shape == (1000,) and slot.dtype == torch.uint8 for slot in slots)
    addresses = sorted(slot.data_ptr() for slot in slots)
    assert all(second - first >= 1000 for first, second in itertools.pairwise(addresses))


def test_the_slots_lent_last_are_the_ones_that_come_back():
    ring = Ring(SLOT, 2)
    slots = [lend(ring) for _ in range(5)]
    last = {slot.data_ptr() for slot in slots[3:]}
    del slots
    assert {slot.data_ptr() for slot in [lend(ring), lend(ring)]} == last


def test_whoever_keeps_a_slot_takes_none_from_the_others(num_allocated):
    ring = Ring(SLOT, 2)
    kept = [lend(ring), lend(ring)]
    latest = lend(ring)
    for _ in range(50):
        latest = lend(ring)  # the one before is held meanwhile
    assert num_allocated() == 4
    del kept
    for _ in range(50):
        latest = lend(ring)
    assert num_allocated() == 4
    assert latest is not None


def test_a_slot_that_comes_back_while_its_place_is_given_to_another(num_allocated):
    ring = Ring(SLOT, 1)
    held = [lend(ring)]
    allocate = ring._allocate
    ring._allocate = lambda size: held.clear() or allocate(size)
    second = lend(ring)
    third = lend(ring)
    assert num_allocated() == 2
    assert second.data_ptr() != third.data_ptr()
    del second  # the ring knows one slot, the third
    fourth = lend(ring)
    assert num_allocated() == 3
    assert len({third.data_ptr(), fourth.data_ptr()}) == 2


def test_a_slot_is_lent_to_one_at_a_time_whichever_thread_drops_it():
    ring, dropped = Ring(SLOT, 3), queue.Queue(2)

    def drop():
        return all((slot == number).all() for number, slot in iter(dropped.get, None))

    with ThreadPoolExecutor(1) as thread:
        intact = thread.submit(drop)
        for number in range(5000):
            dropped.put((number % 251, lend(ring).fill_(number % 251)))
        dropped.put(None)
    assert intact.result()


def test_what_comes_back_late_is_not_kept():
    num_bytes = 1 << 20
    ring = Ring(num_bytes, 2)
    tracemalloc.start()
    try:
        slots = [lend(ring) for _ in range(10)]
        del slots
        assert 2 * num_bytes < tracemalloc.get_traced_memory()[0] < 2.5 * num_bytes
    finally:
        tracemalloc.stop()


def test_no_slots_keep_no_memory():
    num_bytes = 1 << 20
    ring = Ring(num_bytes, 0)
    tracemalloc.start()
    try:
        for _ in range(3):
            assert len(lend(ring)) == num_bytes
            assert tracemalloc.get_traced_memory()[0] < num_bytes / 2
    finally:
        tracemalloc.stop()


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


def test_a_slot_that_the_ring_forgot_outlives_it_and_is_freed_by_its_holder():
    num_bytes = 1 << 20
    ring = Ring(num_bytes, 1)
    tracemalloc.start()
    try:
        forgotten = lend(ring).fill_(7)
        lend(ring)
        del ring
        assert num_bytes < tracemalloc.get_traced_memory()[0] < 1.5 * num_bytes
        assert forgotten.unique().tolist() == [7]
        del forgotten
        assert tracemalloc.get_traced_memory()[0] < num_bytes / 2
    finally:
        tracemalloc.stop()


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


def test_slots_come_back_from_other_threads(num_allocated):
    ring = Ring(SLOT, 2)
    slots = [lend(ring), lend(ring)]
    thread = threading.Thread(target=slots.clear)
    thread.start()
    thread.join()
    again = [lend(ring), lend(ring)]
    assert num_allocated() == len(again)

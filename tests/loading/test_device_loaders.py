"""Loaders that make micro-batches on a device, with the CUDA kernel's source run on the host.

What they yield must be what the loader of the CPU yields, whatever is resident or streamed.
"""

import threading
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.errors import BsgrowError, InputError
from bsgrow.loading import (
    LoaderSettings,
    host_fill,
    micro_batches_of,
    resident,
    resident_fill,
    ring,
    staging,
    streamed,
    streamed_fill,
)
from bsgrow.loading import make_loader as make_chosen_loader
from bsgrow.loading.choice import choose_place
from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.resident import keep_while_read
from bsgrow.native import Augment
from bsgrow.schedule import Update
from bsgrow.stream import Share
from tests.loading.array_stream import CPU, array_loader, updates

CUDA = torch.device("cuda", 0)
DTYPES = [torch.float32, torch.float16, torch.bfloat16]


def split(num, seed):
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (num, 3, 8, 16), dtype=np.uint8)
    return ArraySplit(images, generator.integers(0, 10, num))


DATASET = ArrayDataset(
    "drawn", split(50, 0), split(23, 1), 10, (0.5, 0.4, 0.3), (0.2, 0.3, 0.25), "sha256:0"
)
AUGMENT = Augment(pad=2, flip=True, cutout=3)


class LateCopies:
    """A side stream of the host; copies are late, as a device's are, and must be waited for."""

    def __init__(self):
        self.num_copies = 0
        self.num_under_way = 0

    def send(self, sources):
        assert len(sources[0]), "there is something to copy"
        self.num_copies += 1
        self.num_under_way += 1
        targets = tuple(torch.full_like(source, 77) for source in sources)

        def arrive():
            self.num_under_way -= 1
            for source, target in zip(sources, targets, strict=True):
                target.copy_(source)
                source.fill_(99)  # nobody may count on what was copied
            return targets

        return arrive

    def release(self, num_kept):
        assert self.num_under_way == 0, "closing waits for the copies"


@contextmanager
def late_copies():
    """Have the host stand in for a CUDA device."""
    side, empty = LateCopies(), BatchLayout.empty
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "SideStream", lambda device: side)
        patch.setattr(streamed, "on_one_stream", lambda batches, device: batches)
        patch.setattr(ring, "_pinned_memory", ring._aligned_memory)
        patch.setattr(BatchLayout, "empty", lambda self, num, device: empty(self, num, CPU))
        yield side


def make_loader(kind, kernel, chunk_bytes=11 * 384, **options):
    fills = {
        "host": host_fill,
        "resident": partial(resident_fill, kernel=kernel),
        "streamed": partial(streamed_fill, kernel=kernel, chunk_bytes=chunk_bytes),
    }
    return array_loader(DATASET, AUGMENT, fills[kind], **({"micro_batch_size": 16} | options))


def assert_same(ours, expected):
    ours, expected = list(ours), list(expected)
    assert len(ours) == len(expected)
    for one, other in zip(ours, expected, strict=True):
        assert (one.start, one.stop) == (other.start, other.stop)
        assert (one.weight, one.is_last) == (other.weight, other.is_last)
        assert one.images.stride() == other.images.stride()
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.labels, other.labels)


def test_the_stream_that_reads_a_resident_data_set_is_noted(monkeypatch):
    """Or the memory of a loader that is dropped would be given on while it is read."""
    noted = []
    kept = SimpleNamespace(is_cuda=True, record_stream=noted.append)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: f"stream {len(noted)}")
    for _ in range(2):
        keep_while_read([kept, torch.zeros(1)], CPU)
    assert noted == ["stream 0", "stream 1"]


def test_a_resident_data_set_is_kept_for_each_micro_batch(kernel, monkeypatch):
    kept = []
    monkeypatch.setattr(resident, "keep_while_read", lambda arrays, device: kept.append(arrays))
    list(micro_batches_of(make_loader("resident", kernel), updates(16, 16)))
    assert [len(images) for images, _ in kept] == [len(DATASET.train)] * 2


@pytest.mark.parametrize("kind", ["resident", "streamed"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last], ids=str)
def test_yields_what_the_loader_of_the_cpu_yields(kernel, kind, dtype, memory_format):
    options = {"dtype": dtype, "memory_format": memory_format}
    plan = updates(5, 40, 16, 100, 1, 230, first=2**33 + 7)
    expected = make_loader("host", kernel, **options)
    ours = make_loader(kind, kernel, **options)
    assert_same(micro_batches_of(ours, plan), micro_batches_of(expected, plan))
    for one, other in zip(ours.evaluation(), expected.evaluation(), strict=True):
        assert torch.equal(one[0], other[0])
        assert torch.equal(one[1], other[1])


@given(
    sizes=st.lists(st.integers(1, 70), max_size=6),
    micro_batch_size=st.integers(1, 40),
    chunk=st.integers(1, 60),
    device=st.sampled_from([CPU, CUDA]),
)
def test_chunks_do_not_show_in_what_is_streamed(kernel, sizes, micro_batch_size, chunk, device):
    plan, options = updates(*sizes), {"micro_batch_size": micro_batch_size}
    expected = make_loader("host", kernel, **options)
    with late_copies() as side:
        ours = make_loader("streamed", kernel, chunk * 384, device=device, **options)
        assert_same(micro_batches_of(ours, plan), micro_batches_of(expected, plan))
    num_chunks = -(-sum(sizes) // min(chunk, 50))
    assert side.num_copies == (num_chunks if device is CUDA else 0)


@pytest.mark.parametrize("kind", ["host", "resident", "streamed"])
@pytest.mark.parametrize("world_size", [1, 3, 8])
def test_shares_on_a_device_are_those_of_the_cpu(kernel, kind, world_size):
    plan, device = updates(3, 4, 16, 40, 70, 9), CPU if kind == "resident" else CUDA
    for rank in range(world_size):
        share = Share(rank, world_size, ghost_batch_size=4)
        expected = make_loader("host", kernel, share=share)
        with late_copies():
            ours = make_loader(kind, kernel, share=share, device=device)
            assert_same(micro_batches_of(ours, plan), micro_batches_of(expected, plan))
            for one, other in zip(ours.evaluation(share), expected.evaluation(share), strict=True):
                assert all(map(torch.equal, one, other))


@pytest.mark.parametrize("sizes", [(400,), (8,) * 50, (1, 399)])
def test_memory_does_not_depend_on_the_batch(kernel, sizes, num_allocated):
    for _ in micro_batches_of(make_loader("streamed", kernel), updates(*sizes)):
        pass
    assert num_allocated() == 3, "slots of a chunk: one is used, two are gathered"


@pytest.mark.parametrize("device", [CPU, CUDA], ids=str)
def test_updates_that_do_not_follow_each_other(kernel, device):
    plan = [Update(0, 10, 25, 0.1, 0.9), Update(1, 300, 333, 0.1, 0.9), Update(2, 0, 4, 0.1, 0.9)]
    expected = micro_batches_of(make_loader("host", kernel), plan)
    with late_copies():
        ours = make_loader("streamed", kernel, device=device)
        assert_same(micro_batches_of(ours, plan), expected)


def test_leaving_early_keeps_what_was_yielded(kernel):
    before = threading.active_count()
    with late_copies():
        batches = micro_batches_of(make_loader("streamed", kernel, device=CUDA), updates(400))
        batch = next(batches)
        kept = batch.images.clone()
        batches.close()
    assert torch.equal(batch.images, kept)
    assert threading.active_count() == before


def test_an_exception_in_the_plan_is_raised(kernel):
    def plan():
        yield from updates(400)
        raise OSError("disk")

    batches = micro_batches_of(make_loader("streamed", kernel), plan())
    assert next(batches).stop == 16
    with pytest.raises(OSError, match="disk"):
        list(batches)


def test_a_chunk_holds_a_byte(kernel):
    with pytest.raises(InputError, match="chunk_bytes = 0") as caught:
        make_loader("streamed", kernel, chunk_bytes=0)
    assert caught.value.hint


def test_no_room_on_the_device_is_explained(kernel, monkeypatch):
    def refuse(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB.\nmore")

    monkeypatch.setattr(torch, "empty", refuse)
    with pytest.raises(BsgrowError, match=r"drawn \(0 MiB\) does not fit .*Tried") as caught:
        make_loader("resident", kernel)
    assert "streamed_fill" in caught.value.hint


def test_the_cpu_is_served_by_the_host():
    loader = make_chosen_loader(DATASET, LoaderSettings(16, CPU, seed=3))
    assert loader.make_fill is host_fill


@pytest.mark.parametrize(
    ("dataset_bytes", "free_bytes", "unavailable", "place", "reason"),
    [
        (1 << 20, None, None, "host", "not CUDA's"),
        (1 << 20, 1 << 30, "not built", "host", "not built"),
        (1 << 29, 1 << 30, None, "resident", "512 MiB, with 1024 MiB free"),
        ((1 << 29) + 1, 1 << 30, None, "streamed", "over 0.5 of it"),
    ],
)
def test_the_place_is_chosen_by_size(dataset_bytes, free_bytes, unavailable, place, reason):
    chosen, why = choose_place(dataset_bytes, free_bytes, unavailable)
    assert chosen == place
    assert reason in why

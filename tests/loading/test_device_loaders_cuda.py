"""Loaders that make micro-batches on a CUDA device; skipped where there is none."""

from functools import partial
from itertools import count

import numpy as np
import pytest
import torch

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.errors import BsgrowError
from bsgrow.loading import (
    LoaderSettings,
    host_fill,
    make_loader,
    micro_batches_of,
    resident_fill,
    streamed_fill,
)
from bsgrow.native import Augment, cuda
from tests.loading.array_stream import array_loader, updates

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

AUGMENT = Augment(pad=4, flip=True, cutout=8)
LAYOUT = {"dtype": torch.bfloat16, "memory_format": torch.channels_last}
SIZES = (128, 640, 3200, 77, 5120)


def split(num, seed):
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (num, 3, 32, 32), dtype=np.uint8)
    return ArraySplit(images, generator.integers(0, 10, num))


@pytest.fixture(scope="module")
def dataset():
    statistics = ((0.5, 0.4, 0.3), (0.2, 0.3, 0.25))
    return ArrayDataset("drawn", split(3000, 0), split(500, 1), 10, *statistics, "sha256:0")


def assert_same(ours, expected):
    for one, other in zip(ours, expected, strict=True):
        assert one.images.is_cuda
        assert one.labels.is_cuda
        assert (one.start, one.stop) == (other.start, other.stop)
        assert one.images.stride() == other.images.stride()
        assert torch.equal(one.images.cpu(), other.images)
        assert torch.equal(one.labels.cpu(), other.labels)


def choose(dataset, device="cuda", **options):
    settings = LoaderSettings(
        micro_batch_size=128,
        device=torch.device(device),
        seed=3,
        augment=AUGMENT,
        num_threads=2,
        **LAYOUT,
        **options,
    )
    return make_loader(dataset, settings)


def streamed_in_small_chunks(dataset):
    return array_loader(
        dataset,
        AUGMENT,
        partial(streamed_fill, chunk_bytes=300_000),
        micro_batch_size=96,
        device=torch.device("cuda"),
        num_threads=2,
        **LAYOUT,
    )


def expected_in_small_batches(dataset):
    loader = array_loader(dataset, AUGMENT, micro_batch_size=96, **LAYOUT)
    return micro_batches_of(loader, updates(*SIZES))


@pytest.mark.parametrize(("fraction", "kind"), [(0.5, resident_fill), (0.0, streamed_fill)])
def test_what_the_cpu_yields(dataset, fraction, kind):
    loader = choose(dataset, resident_fraction=fraction)
    assert loader.make_fill is kind
    expected = choose(dataset, "cpu")
    assert_same(
        micro_batches_of(loader, updates(*SIZES)),
        micro_batches_of(expected, updates(*SIZES)),
    )
    for one, other in zip(loader.evaluation(), expected.evaluation(), strict=True):
        assert torch.equal(one[0].cpu(), other[0])
        assert torch.equal(one[1].cpu(), other[1])


def test_without_the_extension_batches_come_from_the_host(dataset, monkeypatch):
    monkeypatch.setattr(cuda, "_MISSING", "not built")
    loader = choose(dataset)
    assert loader.make_fill is host_fill
    expected = choose(dataset, "cpu")
    assert_same(
        micro_batches_of(loader, updates(*SIZES)),
        micro_batches_of(expected, updates(*SIZES)),
    )


def test_small_chunks_under_a_slow_device(dataset):
    """Copies, launches and slots in turn, while the device lags far behind the host."""
    loader = streamed_in_small_chunks(dataset)
    kept = []
    for batch in micro_batches_of(loader, updates(*SIZES)):
        torch.cuda._sleep(3_000_000)
        kept.append(batch)
    assert_same(kept, expected_in_small_batches(dataset))


def test_batches_may_be_asked_for_on_any_stream(dataset):
    """What is made on the first of them is there in time on each."""
    loader = streamed_in_small_chunks(dataset)
    streams = [torch.cuda.Stream() for _ in range(3)]
    batches, kept = micro_batches_of(loader, updates(*SIZES)), []
    for number in count():
        with torch.cuda.stream(streams[number % 3]):
            batch = next(batches, None)
            if batch is None:
                break
            images, labels = batch.images.clone(), batch.labels.clone()
            kept.append(batch._replace(images=images, labels=labels))
            torch.cuda._sleep(1_000_000)
    torch.cuda.synchronize()
    assert_same(kept, expected_in_small_batches(dataset))


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two devices")
@pytest.mark.parametrize("fraction", [0.5, 0.0])
def test_another_device_than_the_current_one(dataset, fraction):
    loader, expected = choose(dataset, "cuda:1", resident_fraction=fraction), choose(dataset, "cpu")
    ours = list(micro_batches_of(loader, updates(*SIZES)))
    assert torch.cuda.current_device() == 0
    assert_same(ours, micro_batches_of(expected, updates(*SIZES)))


@pytest.mark.parametrize("fraction", [0.5, 0.0])
def test_device_memory_does_not_grow_with_the_batch(dataset, fraction):
    peaks = []
    for sizes in ((128,) * 512, (8192,) * 8, (65_536,)):
        loader = choose(dataset, resident_fraction=fraction)
        torch.cuda.synchronize()
        torch.cuda.empty_cache()  # takes back what other streams have done with, too
        torch.cuda.reset_peak_memory_stats()
        for batch in micro_batches_of(loader, updates(*sizes)):
            del batch
        peaks.append(torch.cuda.max_memory_allocated())
        del loader
    assert peaks[0] == peaks[1] == peaks[2]


@pytest.mark.parametrize("fraction", [0.5, 0.0])
def test_a_batch_outlives_its_loader(dataset, fraction):
    loader = choose(dataset, resident_fraction=fraction)
    batches = micro_batches_of(loader, updates(1280))
    batch = next(batches)
    expected = batch.images.clone()
    batches.close()
    del loader, batches
    torch.empty(1 << 28, dtype=torch.uint8, device="cuda").fill_(7)  # over what was given back
    assert torch.equal(batch.images, expected)


def test_a_loader_may_be_dropped_while_another_stream_reads_its_data(dataset):
    loader, side = choose(dataset), torch.cuda.Stream()
    torch.cuda.synchronize()
    with torch.cuda.stream(side):
        torch.cuda._sleep(2_000_000_000)  # clock cycles: about a second
        batch = next(micro_batches_of(loader, updates(128)))
    del loader
    over = [torch.full((1 << 20,), 7, dtype=torch.uint8, device="cuda") for _ in range(64)]
    torch.cuda.synchronize()
    del over
    assert_same([batch], micro_batches_of(choose(dataset, "cpu"), updates(128)))


def test_no_room_on_the_device_is_explained(dataset):
    torch.cuda.empty_cache()
    _, total = torch.cuda.mem_get_info()
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + (4 << 20)) / total)
    try:
        with pytest.raises(BsgrowError, match=r"drawn \(10 MiB\) does not fit") as caught:
            array_loader(dataset, AUGMENT, resident_fill, device=torch.device("cuda"))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "streamed_fill" in caught.value.hint

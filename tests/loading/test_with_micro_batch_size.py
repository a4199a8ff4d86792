"""A loader cut into other micro-batches in the middle of a run, as when memory has run out."""

import gc
import weakref
from functools import partial
from itertools import islice

import numpy as np
import pytest
import torch

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.loading import (
    encoded_loader,
    host_fill,
    micro_batches_of,
    resident,
    resident_fill,
    ring,
    streamed_fill,
)
from bsgrow.native import Augment
from bsgrow.stream import Share
from tests.loading import encoded_stream
from tests.loading.array_stream import array_loader, updates
from tests.loading.encoded_stream import DECODERS
from tests.photo_folder import write_photographs

SIZES = (40, 24, 64, 50)
NUM_MADE = 1  # updates; the next one is given up after a micro-batch
IMAGES = np.random.default_rng(0).integers(0, 256, (30, 3, 8, 16), dtype=np.uint8)
SPLIT = ArraySplit(IMAGES, np.arange(30))
DRAWN = ArrayDataset("drawn", SPLIT, SPLIT, 30, (0.5,) * 3, (0.5,) * 3, "sha256:0")
PLACES = ["host", "resident", "streamed"]


@pytest.fixture
def of_arrays(kernel):
    fills = {
        "host": partial(host_fill, prefetch_bytes=1),
        "resident": partial(resident_fill, kernel=kernel),
        "streamed": partial(streamed_fill, kernel=kernel, chunk_bytes=11 * 384),
    }

    def make(place, **options):
        options = {"micro_batch_size": 16} | options
        return array_loader(DRAWN, Augment(pad=2, flip=True), fills[place], **options)

    return make


@pytest.fixture
def photos(tmp_path):
    return write_photographs(tmp_path / "photos", num_train=20, num_test=3, sides=(40, 60))


def with_bad(photos, *indices):
    paths = sorted((photos / "train").rglob("*.jpg"))
    for index in indices:
        paths[index].write_bytes(b"")
    return photos


def run(loader, plan):
    return [(b.start, b.images.clone(), b.labels.clone()) for b in micro_batches_of(loader, plan)]


def run_and_give_up(loader, plan):
    """Return the micro-batches of the updates made, of which none is the one given up."""
    made, stream = [], loader.updates(plan)
    for _, batches in islice(stream, NUM_MADE):
        made += [(b.start, b.images.clone(), b.labels.clone()) for b in batches]
    next(next(stream).micro_batches)
    stream.close()
    return made


def assert_same_samples(ours, expected):
    for part in (1, 2):  # images, labels
        one, other = (torch.cat([batch[part] for batch in run]) for run in (ours, expected))
        assert torch.equal(one, other)


def assert_goes_on(loader, size):
    plan = updates(*SIZES)
    expected = run(loader, plan)
    made = run_and_give_up(loader, plan)
    other = loader.with_micro_batch_size(size)
    left = run(other, plan[NUM_MADE:])
    assert_same_samples(made + left, expected)
    assert [start for start, *_ in left] == [
        cut.start
        for update in plan[NUM_MADE:]
        for cut in Share().micro_batches(update.start, update.stop, size)
    ]
    return other


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("size", [8, 5, 1, 32])
def test_arrays_go_on(of_arrays, place, size):
    loader = of_arrays(place)
    other = assert_goes_on(loader, size)
    assert type(other) is type(loader)
    assert [len(labels) for _, labels in other.evaluation()] == [
        cut.num_samples for cut in Share().micro_batches(0, 30, size)
    ]
    assert loader.settings.micro_batch_size == 16, "it is another one"


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("size", [8, 3, 32])
def test_encoded_images_go_on(photos, decoder, size):
    assert_goes_on(encoded_stream.make_loader(photos, decoder), size)


def test_what_is_resident_is_not_copied_again(of_arrays, monkeypatch):
    loader = of_arrays("resident")
    monkeypatch.setattr(resident, "upload", lambda *_: pytest.fail("there is no room for two"))
    run(loader.with_micro_batch_size(8), updates(16))


@pytest.fixture
def slots(monkeypatch):
    """What rings allocate: its size, and whether it is still there."""
    allocated, allocate = [], ring._aligned_memory

    def noting(num_bytes):
        memory = allocate(num_bytes)
        allocated.append((num_bytes, weakref.ref(memory)))
        return memory

    monkeypatch.setattr(ring, "_aligned_memory", noting)
    return allocated


def num_bytes_of(slots):
    return sum(num_bytes for num_bytes, memory in slots if memory() is not None)


@pytest.mark.parametrize("kind", ["arrays", "encoded images"])
def test_buffers_of_the_old_size_are_freed(of_arrays, photos, slots, kind):
    loader = of_arrays("host") if kind == "arrays" else encoded_stream.make_loader(photos)
    run_and_give_up(loader, updates(*SIZES))
    gc.collect()
    assert slots
    assert num_bytes_of(slots) == 0
    largest = max(num_bytes for num_bytes, _ in slots)
    slots.clear()
    run(loader.with_micro_batch_size(8), updates(*SIZES))
    assert max(num_bytes for num_bytes, _ in slots) == largest / 2


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    ("old", "new", "is_kept"), [(24, 12, True), (24, 4, False), (4, 24, False)]
)
def test_decoders_are_kept_that_suit(photos, decoder, monkeypatch, old, new, is_kept):
    monkeypatch.setattr(encoded_loader, "_CHUNK_SIZE", 10)
    made, make = [], encoded_loader.make_decoder

    def noting(*arguments):
        decoder = make(*arguments)
        made.append(weakref.ref(decoder))
        return decoder

    monkeypatch.setattr(encoded_loader, "make_decoder", noting)
    loader = encoded_stream.make_loader(photos, decoder, micro_batch_size=old)
    run_and_give_up(loader, updates(*SIZES))
    other = loader.with_micro_batch_size(new)
    gc.collect()
    assert [decoder() is not None for decoder in made] == [is_kept]
    run(other, updates(*SIZES))
    assert len(made) == (1 if is_kept else 2)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("size", [5, 8, 16])
def test_what_is_counted_carries_on(photos, decoder, size):
    """An update that was given up and is made again counts once, and is reported once."""
    bad = with_bad(photos, 3, 4, 20, 21, 33)
    plan = updates(*SIZES)
    whole = encoded_stream.make_loader(bad, decoder, on_error="skip")
    run(whole, plan)
    loader = encoded_stream.make_loader(bad, decoder, on_error="skip")
    run_and_give_up(loader, plan)
    reported = loader.take_faults()
    list(loader.evaluation())
    other = loader.with_micro_batch_size(size)
    run(other, plan[NUM_MADE:])
    assert other.num_skipped == whole.num_skipped > 5
    reported += other.take_faults()
    assert sorted(x.where for x in reported) == sorted(x.where for x in whole.take_faults())


def test_what_is_counted_of_an_update_made_stays(photos):
    """Where memory ran out in what comes after it, as in an evaluation."""
    loader = encoded_stream.make_loader(with_bad(photos, *range(10)), on_error="skip")
    plan = updates(40, 40)
    run(loader, plan[:1])
    other = loader.with_micro_batch_size(8)
    assert other.num_skipped == 10
    run(other, plan[1:])
    assert other.num_skipped == 20


@pytest.mark.parametrize("kind", [*PLACES, "encoded images"])
@pytest.mark.parametrize("size", [0, -4, 6, 2])
def test_ghost_batches_stay_whole(of_arrays, photos, kind, size):
    share = Share(0, 2, ghost_batch_size=4)
    if kind == "encoded images":
        loader = encoded_stream.make_loader(photos, share=share)
    else:
        loader = of_arrays(kind, share=share)
    with pytest.raises(ValueError, match=f"micro_batch_size = {size}: expected a multiple of .* 4"):
        loader.with_micro_batch_size(size)

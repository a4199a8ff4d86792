"""A rank reads its own samples and no others, ahead across updates of which it has none."""

from collections import Counter
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import chain, count

import numpy as np
import pytest

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.loading import (
    array_loader as host_module,
)
from bsgrow.loading import (
    encoded_loader,
    host_fill,
    lookahead,
    micro_batches_of,
    resident_fill,
    streamed_fill,
)
from bsgrow.loading.sample_reader import SampleReader
from bsgrow.schedule import Update
from bsgrow.stream import SampleStream, Share
from tests.loading import encoded_stream
from tests.loading.array_stream import array_loader, updates
from tests.loading.encoded_stream import DECODERS
from tests.photo_folder import write_photographs

N = 40
GHOST = 4
NONE = GHOST  # samples of an update of which only the first rank has some
SPLIT = ArraySplit(np.arange(N, dtype=np.uint8).reshape(N, 1, 1, 1), np.arange(N))
NUMBERS = ArrayDataset("numbers", SPLIT, SPLIT, N, (0.5,), (0.5,), "sha256:0")
KINDS = ["host", "resident", "streamed", "encoded images"]


class Recording:
    """A split that notes which samples are read."""

    def __init__(self, split):
        self._split, self.read_samples = split, []

    def __len__(self):
        return len(self._split)

    def __getattr__(self, name):
        return getattr(self._split, name)

    def read(self, sample):
        self.read_samples.append(sample)
        return self._split.read(sample)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    return write_photographs(root, num_train=N // 2, num_test=1, sides=(16, 24))


@pytest.fixture
def recorded(photos):
    """A loader, and a list of the samples that it has read."""

    def make(decoder="native", **options):
        options = {"micro_batch_size": 2 * GHOST} | options
        loader = encoded_stream.make_loader(photos, decoder, **options)
        split = Recording(loader.dataset.train)
        loader.dataset = replace(loader.dataset, train=split)
        return loader, split.read_samples

    return make


def samples_of(share, plan, seed=3):
    """The samples of a share, in its order."""
    runs = [share.run(update.start, update.stop) for update in plan]
    return [s for start, stop in runs for s in SampleStream(N, seed)[start:stop].samples.tolist()]


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("world_size", [1, 2, 5])
def test_a_rank_reads_its_share_and_nothing_else(recorded, decoder, world_size):
    plan, read = updates(NONE, NONE, 16, 45, 30, 7), []
    for rank in range(world_size):
        share = Share(rank, world_size, GHOST)
        loader, ours = recorded(decoder, share=share)
        num = sum(batch.num_samples for batch in micro_batches_of(loader, plan))
        assert num == len(ours)
        assert Counter(ours) == Counter(samples_of(share, plan))
        read += ours
    assert Counter(read) == Counter(samples_of(Share(), plan)), "each sample once, of all ranks"


@pytest.mark.parametrize("decoder", DECODERS)
def test_no_more_is_read_ahead_than_is_said(recorded, decoder, monkeypatch):
    monkeypatch.setattr(encoded_loader, "SAMPLES_AHEAD", 16)
    plan, share = updates(NONE, 16, *[20] * 12, *[NONE] * 5, *[60] * 4), Share(1, 2, GHOST)
    loader, read = recorded(decoder, share=share)
    expected, num = samples_of(share, plan), 0
    with closing(micro_batches_of(loader, plan)) as batches:
        for batch in batches:
            num += batch.num_samples
            assert Counter(read[:]) <= Counter(expected[: num + 2 * 16]), "decoded, and read"
    assert num == len(expected)


def test_a_first_share_that_comes_late_is_read_before_it(recorded):
    plan, share = updates(*[NONE] * 30, *[16] * 5), Share(1, 2, GHOST)
    loader, read = recorded(share=share)
    with closing(loader.updates(plan)) as stream:
        assert list(next(stream).micro_batches) == []
        assert set(samples_of(share, plan[:31])) <= set(read)
        sizes = [sum(b.num_samples for b in batches) for _, batches in stream]
    assert sizes == [0] * 29 + [8] * 5
    assert Counter(read) == Counter(samples_of(share, plan))


def test_it_is_read_before_it_once_it_is_near(photos, monkeypatch):
    """However far away it was; also after a share before it."""
    monkeypatch.setattr(lookahead, "MAX_IDLE", 8)
    plan, share = updates(16, *[NONE] * 60, 16), Share(1, 2, GHOST)
    begun, num_begun = encoded_stream.note_reads(monkeypatch), []
    loader = encoded_stream.make_loader(photos, share=share, micro_batch_size=2 * GHOST)
    with closing(loader.updates(plan)) as stream:
        for _, batches in stream:
            list(batches)
            num_begun.append(len(begun))
    near = num_begun.index(2)
    assert num_begun == [1] * near + [2] * (62 - near)
    assert 61 - 2 * 8 - 2 <= near <= 61 - 8, "reading and decoding look so far, each"


def test_arrays_are_loaded_before_a_late_share(monkeypatch):
    begun, load = [], host_module.load_batch_async

    def noting(*arguments, start, stop, **options):
        begun.append((start, stop))
        return load(*arguments, start=start, stop=stop, **options)

    monkeypatch.setattr(host_module, "load_batch_async", noting)
    plan, share = updates(*[NONE] * 30, *[16] * 5), Share(1, 2, GHOST)
    loader = array_loader(NUMBERS, share=share)
    with closing(loader.updates(plan)) as stream:
        assert list(next(stream).micro_batches) == []
        assert begun == [(128, 136)], "and what is handed over is one of the two ahead"
        next(stream)
        for _ in range(29):
            next(stream)
        assert begun == [(128, 136)]
        for _, batches in stream:
            list(batches)
    assert begun == [(start + 8, start + 16) for start in range(120, 200, 16)]


@pytest.fixture
def make(kernel, photos):
    fills = {
        "host": host_fill,
        "resident": partial(resident_fill, kernel=kernel),
        "streamed": partial(streamed_fill, kernel=kernel, chunk_bytes=11),
    }

    def of_kind(kind, **options):
        if kind == "encoded images":
            return encoded_stream.make_loader(photos, **options)
        return array_loader(NUMBERS, make_fill=fills[kind], **options)

    return of_kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_without_end_of_which_a_rank_has_none(make, kind):
    """As in a million updates before the batch has grown: no more of them is held than is said."""
    drawn = []

    def plan():
        for index in count():
            drawn.append(index)
            yield Update(index, NONE * index, NONE * (index + 1), 0.1, 0.9)

    loader = make(kind, share=Share(1, 2, GHOST), micro_batch_size=GHOST)
    with closing(loader.updates(plan())) as stream:
        for index in range(40):
            update, batches = next(stream)
            assert update.index == index
            assert list(batches) == []
            assert len(drawn) <= index + 2 * lookahead.MAX_IDLE + 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_share_far_away_comes(make, kind, monkeypatch):
    monkeypatch.setattr(lookahead, "MAX_IDLE", 5)
    plan = updates(*[NONE] * 20, 16, 9, *[NONE] * 20, 40)
    whole = {
        position: image
        for batch in micro_batches_of(make(kind, micro_batch_size=8), plan)
        for position, image in zip(range(batch.start, batch.stop), batch.images, strict=True)
    }
    share = Share(1, 2, GHOST)
    loader = make(kind, share=share, micro_batch_size=8)
    positions = []
    for batch in micro_batches_of(loader, plan):
        positions += range(batch.start, batch.stop)
        for position, image in zip(range(batch.start, batch.stop), batch.images, strict=True):
            assert image.equal(whole[position])
    runs = [share.run(update.start, update.stop) for update in plan]
    assert positions == [position for run in runs for position in range(*run)]


@pytest.mark.parametrize("num", [1, 3, 4, 16, 31, 200, 1000])
def test_a_small_share_too_is_read_by_several_threads(num):
    """Or a disk is waited for sample by sample while the others have nothing to do."""
    reads = []

    class Threads:
        def submit(self, read, indices):
            reads.append(indices.tolist())

    SampleReader(SPLIT, "raise", Threads()).begin(np.arange(num))
    assert list(chain.from_iterable(reads)) == list(range(num))
    assert len(reads) >= min(num, 3)
    assert all(0 < len(read) <= 32 for read in reads)

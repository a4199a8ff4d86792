"""Bad samples on any number of ranks: those of one rank, and each told of where it is."""

from contextlib import closing

import pytest
import torch

from bsgrow.data import SampleError, load_encoded
from bsgrow.data.packing import PackOptions, pack
from bsgrow.loading import encoded_loader
from bsgrow.stream import SampleStream, Share
from tests.loading.array_stream import updates
from tests.loading.encoded_sources import damage, write_tars
from tests.loading.encoded_stream import DECODERS, make_loader, note_reads
from tests.loading.ranks import WORLD_SIZES, joined, ranks_of, updates_of
from tests.photo_folder import write_photographs

N = 40
GHOST = 4
MICRO = 2 * GHOST
BAD = (7, 8, 21, N - 1)  # neighbours, and the last one, for which the first stands in
PLAN = updates(3, 20, 37, 16, 44, 5)  # over three epochs, and updates of which ranks have none
LAYOUTS = ["folder", "shards", "webdataset"]


@pytest.fixture(params=LAYOUTS)
def source(request, tmp_path):
    """Images that may be damaged, of one layout."""
    photos = write_photographs(tmp_path / "folder", N // 2, 1, sides=(40, 60))
    if request.param == "shards":
        pack(photos, tmp_path / "shards", PackOptions())
    elif request.param == "webdataset":
        write_tars(photos, tmp_path / "webdataset")
    return tmp_path / request.param


def damaged(source, *samples):
    split = load_encoded(source.name, source).train
    return [damage(split, sample) for sample in samples]


def loader_of(source, decoder, on_error):
    return make_loader(source, decoder, name=source.name, on_error=on_error, micro_batch_size=MICRO)


def outcome(loader, world_size):
    """Return the tensors of each update, the faults found, and how many samples were skipped."""
    made, faults, num_skipped = [], [], 0
    for rank in ranks_of(loader, world_size, GHOST):
        made.append(updates_of(rank, PLAN))
        faults += rank.take_faults()
        num_skipped += rank.num_skipped
    tensors = [
        (torch.cat([b.images for b in batches]), torch.cat([b.labels for b in batches]))
        for batches in joined(made)
    ]
    return tensors, {(fault.where, fault.reason) for fault in faults}, num_skipped


@pytest.mark.parametrize("decoder", DECODERS)
def test_the_same_samples_stand_in_at_any_world_size(source, decoder):
    places = damaged(source, *BAD)
    loader = loader_of(source, decoder, "skip")
    whole, faults, num_skipped = outcome(loader, 1)
    assert {where for where, _ in faults} == set(places)
    asked = SampleStream(N, loader.settings.seed)[: PLAN[-1].stop].samples
    assert num_skipped == sum(sample in BAD for sample in asked.tolist()) >= 3 * len(BAD)
    for world_size in WORLD_SIZES[1:]:
        tensors, ours, num = outcome(loader, world_size)
        assert ours == faults
        assert num == num_skipped
        for one, other in zip(tensors, whole, strict=True):
            assert all(map(torch.equal, one, other))


def update_of(position):
    return next(update for update in PLAN if update.start <= position < update.stop)


def until_it_fails(loader, num_updates):
    """Return how many updates were had, and the error that ended them."""
    num = 0
    with closing(loader.updates(PLAN[:num_updates])) as stream:
        for _, micro_batches in stream:
            try:
                list(micro_batches)
            except SampleError as error:
                return num, error
            num += 1
    return num, None


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("sample", [8, 30])
def test_a_bad_sample_fails_its_rank_in_its_update(source, decoder, sample):
    """Neither before, where it is read ahead, nor on another rank."""
    (where,) = damaged(source, sample)
    loader = loader_of(source, decoder, "raise")
    first = SampleStream(N, loader.settings.seed)[:N].samples.tolist().index(sample)
    failed = update_of(first)
    assert failed.index > 0
    for world_size in WORLD_SIZES:
        for rank, part in enumerate(ranks_of(loader, world_size, GHOST)):
            start, stop = Share(rank, world_size, GHOST).run(failed.start, failed.stop)
            num, error = until_it_fails(part, failed.index + 1)
            if start <= first < stop:
                assert (num, error.where) == (failed.index, where)
            else:
                assert (num, error) == (failed.index + 1, None)


def test_no_more_is_read_behind_a_sample_that_ends_the_run(tmp_path, monkeypatch):
    """Where each read fails late, as on a disk that is gone, those would be waited for too."""
    photos = write_photographs(tmp_path / "folder", N // 2, 1, sides=(40, 60))
    damaged(photos, 8)
    monkeypatch.setattr(encoded_loader, "SAMPLES_AHEAD", 4 * MICRO)
    begun = note_reads(monkeypatch)
    loader = loader_of(photos, "native", "raise")
    _, error = until_it_fails(loader, len(PLAN))
    assert error.where == str(sorted((photos / "train").rglob("*.jpg"))[8])
    failed = next(number for number, samples in enumerate(begun) if 8 in samples)
    assert len(begun) == failed + 1 + 4, "what was being read behind it"

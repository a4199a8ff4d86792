"""An update has the same samples with the same crops and flips on any number of ranks.

They are compared as lists: of what each sample is and how it is shown, and of pixels to the bit.
"""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.data.packing import PackOptions, pack
from bsgrow.loading import (
    encoded_chunks,
    encoded_loader,
    host_fill,
    resident_fill,
    streamed_fill,
)
from bsgrow.native import Augment
from bsgrow.native.reference import crop_offsets, cutout_hole, is_flipped, permute
from bsgrow.native.reference_resized_crop import crop_window
from bsgrow.stream import Share
from tests.loading.array_stream import array_loader, updates
from tests.loading.encoded_sources import write_tars
from tests.loading.encoded_stream import DECODERS, make_loader
from tests.loading.ranks import WORLD_SIZES, joined, ranks_of, updates_of
from tests.photo_folder import write_photographs
from tests.photographs import decode

N = 38
GHOST = 4
SEED = 3
MICRO_BATCHES = [GHOST, 3 * GHOST]
# Over four epochs: one ghost batch, of which one rank alone has some; growth by steps; shares that
# are uneven; ends of epochs within an update; and the last one, which the end of the plan cuts.
PLAN = updates(3, 4, 16, 16, 21, 50, 64, 9)


def places(update):
    """The (epoch, sample) of each position of an update, in its order."""
    for position in range(update.start, update.stop):
        yield position // N, permute(N, SEED, *divmod(position, N))


@pytest.mark.parametrize("world_size", WORLD_SIZES)
def test_the_plan_has_shares_of_every_kind(world_size):
    shares = [Share(rank, world_size, GHOST) for rank in range(world_size)]
    runs = [[share.run(update.start, update.stop) for share in shares] for update in PLAN]
    sizes = [[stop - start for start, stop in each] for each in runs]
    assert any(0 in each for each in sizes) == (world_size > 1)
    assert any(len({*each} - {0}) > 1 for each in sizes) == (world_size > 1), "uneven"
    assert any(update.start // N < (update.stop - 1) // N for update in PLAN)


SIDE, PAD = 8, 3
AUGMENT = Augment(pad=PAD, flip=True, cutout=3)


def telling_images(num):
    """Each pixel tells its sample, row and column, none of them 0."""
    images = np.empty((num, 3, SIDE, SIDE), np.uint8)
    images[:, 0] = np.arange(1, num + 1)[:, None, None]
    images[:, 1] = np.arange(1, SIDE + 1)[:, None]
    images[:, 2] = np.arange(1, SIDE + 1)
    return ArraySplit(images, np.arange(num))


TELLING = telling_images(N)
DATASET = ArrayDataset("telling", TELLING, TELLING, N, (0.0,) * 3, (1.0,) * 3, "sha256:0")


def shown(image):
    """What an image is of: (sample, row and column of its window, flipped, blank pixels)."""
    sample, rows, columns = np.rint(255 * image.numpy()).astype(int)
    ys, xs = np.nonzero(sample)
    flipped = bool(np.polyfit(xs, columns[ys, xs], 1)[0] < 0)
    x = SIDE - 1 - xs[0] if flipped else xs[0]
    top = rows[ys[0], xs[0]] - 1 - ys[0] + PAD
    left = columns[ys[0], xs[0]] - 1 - x + PAD
    return sample.max() - 1, top, left, flipped, (sample == 0).tolist()


def expected_of_arrays(epoch, sample):
    """The same, by the reference."""
    top, left = crop_offsets(SEED, sample, epoch, PAD)
    flipped = is_flipped(SEED, sample, epoch)
    padded = np.pad(np.zeros((SIDE, SIDE), bool), PAD, constant_values=True)
    blank = padded[top : top + SIDE, left : left + SIDE]
    blank = (blank[:, ::-1] if flipped else blank).copy()
    blank[cutout_hole(SEED, sample, epoch, 3, SIDE, SIDE)] = True
    return sample, top, left, flipped, blank.tolist()


@pytest.fixture(scope="module")
def array_fills(kernel):
    return {
        "host": host_fill,
        "host, one at a time": partial(host_fill, prefetch_bytes=0),
        "resident": partial(resident_fill, kernel=kernel),
        "streamed": partial(streamed_fill, kernel=kernel, chunk_bytes=5 * 3 * SIDE * SIDE),
    }


@pytest.fixture(scope="module")
def whole_of_arrays():
    loader = array_loader(DATASET, AUGMENT, seed=SEED, micro_batch_size=64)
    return updates_of(loader, PLAN)


def pixels_of(batches):
    return torch.cat([batch.images for batch in batches])


def assert_same_updates(ours, whole):
    for one, other, update in zip(ours, whole, PLAN, strict=True):
        positions = [p for batch in one for p in range(batch.start, batch.stop)]
        assert positions == list(range(update.start, update.stop))
        assert sum(batch.weight for batch in one) == pytest.approx(1)
        assert torch.equal(pixels_of(one), pixels_of(other))
        labels = [torch.cat([batch.labels for batch in batches]) for batches in (one, other)]
        assert torch.equal(*labels)


@pytest.mark.parametrize("world_size", WORLD_SIZES)
@pytest.mark.parametrize("micro_batch_size", MICRO_BATCHES)
@pytest.mark.parametrize("kind", ["host", "host, one at a time", "resident", "streamed"])
def test_arrays(array_fills, whole_of_arrays, kind, micro_batch_size, world_size):
    options = {"seed": SEED, "micro_batch_size": micro_batch_size}
    loader = array_loader(DATASET, AUGMENT, array_fills[kind], **options)
    ranks = [updates_of(each, PLAN) for each in ranks_of(loader, world_size, GHOST)]
    ours = joined(ranks)
    assert_same_updates(ours, whole_of_arrays)
    for update, batches in zip(PLAN, ours, strict=True):
        expected = [expected_of_arrays(*place) for place in places(update)]
        assert [shown(image) for image in pixels_of(batches)] == expected


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=6),
    st.integers(1, 9),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(0, 2**36),
    st.sampled_from([0, 1, 1 << 20]),
)
def test_arrays_of_any_plan(sizes, world_size, ghost, num_ghosts, first, prefetch_bytes):
    plan = updates(*sizes, first=first)
    fill = partial(host_fill, prefetch_bytes=prefetch_bytes)
    options = {"seed": SEED, "micro_batch_size": ghost * num_ghosts}
    loader = array_loader(DATASET, AUGMENT, fill, **options)
    whole = [pixels_of(batches) for batches in updates_of(loader, plan)]
    ranks = [updates_of(each, plan) for each in ranks_of(loader, world_size, ghost)]
    ours = [pixels_of(batches) for batches in joined(ranks)]
    assert all(map(torch.equal, ours, whole))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """The same photographs in each of the three layouts."""
    root = tmp_path_factory.mktemp("sources")
    write_photographs(root / "folder", N // 2, 1, sides=(36, 60))
    pack(root / "folder", root / "shards", PackOptions())
    write_tars(root / "folder", root / "webdataset")
    return root


@pytest.fixture
def windows(monkeypatch):
    """What is shown, as it is drawn: (epoch, sample, top, left, height, width, flipped)."""
    drawn, draw = [], encoded_chunks.crop_windows

    def noting(sizes, samples, epochs, *arguments):
        windows = draw(sizes, samples, epochs, *arguments)
        drawn.extend(zip(epochs.tolist(), samples.tolist(), *windows.T.tolist(), strict=True))
        return windows

    monkeypatch.setattr(encoded_chunks, "crop_windows", noting)
    return drawn


def by_update(windows, batches_by_update):
    """Divide what was drawn for a rank by its updates."""
    left = iter(windows)
    num_each = [sum(batch.num_samples for batch in batches) for batches in batches_by_update]
    divided = [[next(left) for _ in range(num)] for num in num_each]
    assert next(left, None) is None, "what is drawn is handed over"
    return divided


def expected_of_photographs(loader):
    """The same of each update, by the reference."""
    split, crop = loader.dataset.train, loader.settings.crop
    sizes = [decode(bytes(split.read(sample))).shape[:2] for sample in range(N)]

    def expected(epoch, sample):
        drawn = {"seed": SEED, "sample": sample, "epoch": epoch, "flip": True}
        return (epoch, sample, *crop_window(crop, *sizes[sample], **drawn))

    return [[expected(*place) for place in places(update)] for update in PLAN]


@pytest.mark.parametrize("layout", ["folder", "shards", "webdataset"])
@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("micro_batch_size", MICRO_BATCHES)
def test_encoded_images(photos, windows, monkeypatch, layout, decoder, micro_batch_size):
    monkeypatch.setattr(encoded_loader, "_CHUNK_SIZE", 2 * GHOST)  # the larger takes two
    options = {"name": layout, "seed": SEED, "micro_batch_size": micro_batch_size}
    loader = make_loader(photos / layout, decoder, **options)
    expected = expected_of_photographs(loader)
    whole = updates_of(loader, PLAN)
    assert by_update(windows, whole) == expected
    for world_size in WORLD_SIZES[1:]:
        ranks, shown_by_rank = [], []
        for rank in ranks_of(loader, world_size, GHOST):
            windows.clear()
            ranks.append(updates_of(rank, PLAN))
            shown_by_rank.append(by_update(windows, ranks[-1]))
        assert joined(shown_by_rank) == expected
        assert_same_updates(joined(ranks), whole)

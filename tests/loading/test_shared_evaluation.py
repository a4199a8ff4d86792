"""The held-out samples shared out: together the ranks have each once, cut as an update is."""

from functools import partial

import numpy as np
import pytest
import torch

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.loading import resident_fill, streamed_fill
from bsgrow.loading.loader import WHOLE
from bsgrow.stream import Share
from tests.loading import encoded_stream
from tests.loading.array_stream import array_loader
from tests.loading.encoded_stream import DECODERS
from tests.photo_folder import write_photographs

NUM_HELD_OUT = 18
GHOST = 4  # five ghost batches, the last of two: of 8 ranks three have none
WORLD_SIZES = [1, 2, 3, 4, 5, 8]
IMAGES = np.arange(NUM_HELD_OUT * 3, dtype=np.uint8).reshape(NUM_HELD_OUT, 3, 1, 1)
SPLIT = ArraySplit(IMAGES, np.arange(NUM_HELD_OUT))
NUMBERS = ArrayDataset("numbers", SPLIT, SPLIT, 20, (0.5,) * 3, (0.5,) * 3, "sha256:0")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_photographs(tmp_path_factory.mktemp("photos"), num_train=2, num_test=9)


def images_and_labels(batches):
    images, labels = zip(*batches, strict=True)
    return torch.cat(images), torch.cat(labels)


def assert_shared_out(loader, world_size):
    whole = images_and_labels(loader.evaluation())
    assert len(whole[1]) == NUM_HELD_OUT
    together = []
    for rank in range(world_size):
        share = Share(rank, world_size, GHOST)
        batches = list(loader.evaluation(share))
        micro = loader.settings.micro_batch_size
        cuts = list(share.micro_batches(0, NUM_HELD_OUT, micro))
        assert [len(labels) for _, labels in batches] == [cut.num_samples for cut in cuts]
        assert all(len(images) == len(labels) for images, labels in batches)
        together += batches
    assert all(map(torch.equal, images_and_labels(together), whole))


@pytest.fixture(params=["host", "resident", "streamed"])
def make_fill(request, kernel):
    device_fills = {"resident": resident_fill, "streamed": streamed_fill}
    if request.param == "host":
        return {}
    return {"make_fill": partial(device_fills[request.param], kernel=kernel)}


@pytest.mark.parametrize("world_size", WORLD_SIZES)
@pytest.mark.parametrize("micro_batch_size", [GHOST, 2 * GHOST])
def test_of_arrays(make_fill, world_size, micro_batch_size):
    loader = array_loader(NUMBERS, micro_batch_size=micro_batch_size, **make_fill)
    assert_shared_out(loader, world_size)


@pytest.mark.parametrize("decoder", DECODERS)
def test_of_encoded_images(photos, decoder):
    loader = encoded_stream.make_loader(photos, decoder, micro_batch_size=2 * GHOST)
    for world_size in WORLD_SIZES:
        assert_shared_out(loader, world_size)


@pytest.mark.parametrize("decoder", DECODERS)
def test_each_share_counts_its_own_bad_samples(tmp_path, decoder):
    root = write_photographs(tmp_path / "photos", num_train=2, num_test=9)
    paths = sorted((root / "val").rglob("*.jpg"))
    for bad in (1, 2, 9, 17):
        paths[bad].write_bytes(b"")
    loader = encoded_stream.make_loader(root, decoder, on_error="skip", micro_batch_size=GHOST)
    num_skipped = []
    for rank in range(8):
        list(loader.evaluation(Share(rank, 8, GHOST)))
        num_skipped.append(loader.num_test_skipped)
    assert num_skipped == [2, 0, 1, 0, 1, 0, 0, 0]
    list(loader.evaluation(WHOLE))
    assert loader.num_test_skipped == 4
    assert len(loader.take_faults()) == 4

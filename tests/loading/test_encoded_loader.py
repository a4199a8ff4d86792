"""The stream of encoded images is one stream, however it is cut, decoded and split."""

import threading
from collections import deque
from contextlib import closing
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from bsgrow.data.packing import PackOptions, pack
from bsgrow.images.crops import ResizedCrop
from bsgrow.loading import encoded_loader, micro_batches_of
from bsgrow.native import Augment
from bsgrow.native.resized_crop import crop_windows
from bsgrow.schedule import Update
from bsgrow.stream import SampleStream
from tests.loading.encoded_stream import (
    DECODERS,
    SIZE,
    levels,
    make_loader,
    stream,
    updates,
)
from tests.photo_folder import write_photographs
from tests.photographs import decode

pytestmark = pytest.mark.parametrize("decoder", DECODERS)
N = 60


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_photographs(tmp_path_factory.mktemp("photos"), num_train=N // 2, num_test=9)


def reference(loader, start, stop):
    """Pillow's pixels of stream positions, 0 to 255: float32 [n, 3, SIZE, SIZE]."""
    split, settings, images = loader.dataset.train, loader.settings, []
    for position in range(start, stop):
        epoch, sample = SampleStream(N, settings.seed)[position]
        pixels = decode(bytes(split.read(sample)))
        size = np.array([pixels.shape[:2]])
        drawn = settings.seed, settings.crop, settings.augment.flip
        window = crop_windows(size, [sample], [epoch], *drawn)
        top, left, height, width, flipped = window[0].tolist()
        image = Image.fromarray(pixels[top : top + height, left : left + width])
        image = np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR))
        images.append(image[:, ::-1] if flipped else image)
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()


def pixels_of(loader, images):
    return levels(images, loader.dataset.mean, loader.dataset.std)


def test_the_stream_is_that_of_the_reference(photos, decoder):
    loader = make_loader(photos, decoder)
    images, _ = stream(loader, 70, start=30)
    difference = (pixels_of(loader, images) - reference(loader, 30, 100)).abs()
    # Pillow resizes in another order of rows and columns, and rounds between the two; DALI differs
    # in the outermost pixels, see DaliDecoder.
    assert difference[:, :, 1:-1, 1:-1].max() < 1.01
    assert difference.mean() < 0.3


def test_the_stream_does_not_depend_on_the_cut(photos, decoder):
    whole = stream(make_loader(photos, decoder, micro_batch_size=512), 150)
    for sizes, options in (
        ((1, 99, 50), {"micro_batch_size": 7}),
        ((3, 147), {"micro_batch_size": 512}),  # chunks after the first are larger than it
        ((150,), {"micro_batch_size": 16, "num_threads": 1}),
    ):
        cut = stream(make_loader(photos, decoder, **options), *sizes)
        assert torch.equal(cut[0], whole[0])
        assert torch.equal(cut[1], whole[1])


def test_a_large_micro_batch_is_filled_chunk_by_chunk(photos, decoder, monkeypatch):
    whole = stream(make_loader(photos, decoder, micro_batch_size=64), 100)
    monkeypatch.setattr(encoded_loader, "_CHUNK_SIZE", 9)
    cut = stream(make_loader(photos, decoder, micro_batch_size=64), 100)
    assert torch.equal(cut[0], whole[0])


def test_it_goes_on_from_any_position(photos, decoder):
    images, labels = stream(make_loader(photos, decoder), 100)
    resumed = stream(make_loader(photos, decoder), 67, start=33)
    assert torch.equal(resumed[0], images[33:])
    assert torch.equal(resumed[1], labels[33:])


def test_an_epoch_holds_every_sample_once(photos, decoder):
    _, labels = stream(make_loader(photos, decoder), N)
    assert labels.bincount().tolist() == [N // 2, N // 2]


def test_updates_are_closed_and_keep_their_positions(photos, decoder):
    loader = make_loader(photos, decoder)
    spans = [
        (update.index, batch.start, batch.stop, batch.is_last)
        for update, micro_batches in loader.updates(updates(20, 16, 5))
        for batch in micro_batches
    ]
    assert spans == [
        (0, 0, 16, False),
        (0, 16, 20, True),
        (1, 20, 36, True),
        (2, 36, 41, True),
    ]


def test_evaluation_is_the_middle_of_the_held_out_images(photos, decoder):
    loader = make_loader(photos, decoder, micro_batch_size=5)
    batches = list(loader.evaluation())
    assert torch.equal(torch.cat([b for _, b in batches]), torch.arange(2).repeat_interleave(9))
    images = pixels_of(loader, torch.cat([b for b, _ in batches]))
    expected = [middle(decode(bytes(loader.dataset.test.read(i)))) for i in range(18)]
    difference = (images - torch.from_numpy(np.stack(expected)).permute(0, 3, 1, 2)).abs()
    assert difference.max() < 2.01
    assert difference.mean() < 0.3


def middle(pixels):
    """torchvision's Resize(SIZE + 5), then CenterCrop(SIZE), by Pillow."""
    height, width = (side * (SIZE + 5) // min(pixels.shape[:2]) for side in pixels.shape[:2])
    resized = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
    top, left = round((height - SIZE) / 2), round((width - SIZE) / 2)
    return np.asarray(resized)[top : top + SIZE, left : left + SIZE].astype(np.float32)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_dtype_and_memory_format(photos, decoder, dtype, memory_format):
    plain, _ = stream(make_loader(photos, decoder), 20)
    loader = make_loader(photos, decoder, dtype=dtype, memory_format=memory_format)
    batches = [b.images for b in micro_batches_of(loader, updates(20))]
    assert all(images.is_contiguous(memory_format=memory_format) for images in batches)
    images = torch.cat(batches)
    assert images.dtype == dtype
    assert torch.equal(images, plain.to(dtype))


def test_no_flip(photos, decoder):
    loader = make_loader(photos, decoder, augment=Augment(), crop=ResizedCrop(SIZE, (1.0, 1.0)))
    images, _ = stream(loader, 8)
    difference = (pixels_of(loader, images) - reference(loader, 0, 8)).abs()
    assert difference[:, :, 1:-1, 1:-1].max() < 1.01


def test_shards_give_the_stream_of_their_folder(photos, decoder, tmp_path):
    pack(photos, tmp_path / "shards", PackOptions())
    folder = stream(make_loader(photos, decoder), 80)
    shards = stream(make_loader(tmp_path / "shards", decoder, name="shards"), 80)
    assert torch.equal(folder[0], shards[0])
    assert torch.equal(folder[1], shards[1])


def test_leaving_early_stops_the_threads_and_keeps_the_decoder(photos, decoder):
    loader = make_loader(photos, decoder)
    before = threading.active_count()
    for start in range(3):
        batches = micro_batches_of(loader, updates(400, start=start))
        first = next(batches)
        batches.close()
        assert torch.equal(first.images, stream(make_loader(photos, decoder), 16, start=start)[0])
    assert threading.active_count() == before
    assert [len(idle) for idle in loader._idle_decoders.values()] == [1]


def test_evaluation_in_the_middle_of_training(photos, decoder):
    expected = stream(make_loader(photos, decoder), 90)[0]
    loader, images = make_loader(photos, decoder), []
    held_out = torch.cat([images for images, _ in loader.evaluation()])
    for batch in micro_batches_of(loader, updates(30, 60)):
        images.append(batch.images)
        assert torch.equal(torch.cat([images for images, _ in loader.evaluation()]), held_out)
    assert torch.equal(torch.cat(images), expected)


def test_a_batch_outlives_its_loader(photos, decoder):
    loader = make_loader(photos, decoder)
    batches = micro_batches_of(loader, updates(400))
    held = list(islice(batches, 4))
    copies = [batch.images.clone() for batch in held]
    later = [batch.images for batch in batches]
    del loader, batches
    assert len(later) == 21
    assert all(torch.equal(batch.images, copy) for batch, copy in zip(held, copies, strict=True))


@pytest.mark.parametrize("held", [1, 2])
def test_memory_is_made_at_the_beginning_alone(photos, decoder, held, num_allocated):
    latest = deque(maxlen=held)
    for batch in micro_batches_of(make_loader(photos, decoder), updates(1600, 4000)):
        latest.append(batch)
    assert num_allocated() <= 2 * encoded_loader.SAMPLES_AHEAD // 16 + 3


def test_updates_are_drawn_as_they_are_needed(photos, decoder):
    drawn = []

    def endless():
        start = 0
        while True:
            drawn.append(start)
            yield Update(len(drawn), start, start + 16, 0.1, 0.9)
            start += 16

    with closing(micro_batches_of(make_loader(photos, decoder), endless())) as batches:
        next(batches)
    assert len(drawn) < 100

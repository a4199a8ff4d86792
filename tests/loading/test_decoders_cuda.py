"""Decoders on a CUDA device: the stream of the CPU, whatever the batch; skipped without one."""

from contextlib import closing
from itertools import islice

import pytest
import torch

from bsgrow.data import SampleError
from bsgrow.loading import micro_batches_of
from tests.loading.encoded_stream import DECODERS, levels, make_loader, needs_dali, stream, updates
from tests.loading.test_encoded_faults import FAULTS, train_file
from tests.loading.test_encoded_formats import KINDS
from tests.photo_folder import write_photographs

CUDA = torch.device("cuda", 0)
pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
BF16 = {"dtype": torch.bfloat16, "memory_format": torch.channels_last}
MOST_LEVELS = 4  # of 255, on average over an image: another decoder, and coarser chroma


def check_each_image(loader, on_gpu, on_cpu):
    mean, std = loader.dataset.mean, loader.dataset.std
    difference = (levels(on_cpu, mean, std) - levels(on_gpu.cpu(), mean, std)).abs()
    assert difference.mean(dim=(1, 2, 3)).amax() < MOST_LEVELS


@pytest.fixture
def photos(tmp_path):
    return write_photographs(tmp_path / "photos", num_train=40, num_test=3)


@pytest.mark.parametrize("decoder", DECODERS)
def test_the_stream_of_a_gpu_is_that_of_the_cpu(photos, decoder):
    on_cpu, on_gpu = (
        make_loader(photos, decoder, device=device, **BF16)
        for device in (torch.device("cpu"), CUDA)
    )
    (expected, labels), (images, labels_on_gpu) = (
        stream(each, 30, 70) for each in (on_cpu, on_gpu)
    )
    assert images.device == labels_on_gpu.device == CUDA
    assert torch.equal(labels, labels_on_gpu.cpu())
    if decoder == "native":
        assert torch.equal(images.cpu(), expected)
    check_each_image(on_cpu, images, expected)
    held_out = [torch.cat([x for x, _ in each.evaluation()]) for each in (on_gpu, on_cpu)]
    check_each_image(on_cpu, *held_out)


@pytest.mark.parametrize("decoder", DECODERS)
def test_the_stream_does_not_depend_on_the_cut(photos, decoder):
    """Nor on the first chunk: 3 and 300 are 300 and 3."""
    whole = stream(make_loader(photos, decoder, device=CUDA, micro_batch_size=512, **BF16), 303)[0]
    for sizes, micro_batch_size in (((3, 300), 512), ((300, 3), 300), ((303,), 7), ((1, 302), 64)):
        options = {"micro_batch_size": micro_batch_size, **BF16}
        cut = stream(make_loader(photos, decoder, device=CUDA, **options), *sizes)[0]
        assert torch.equal(cut, whole)


@pytest.mark.parametrize("decoder", DECODERS)
def test_micro_batches_are_whole_while_the_device_computes(photos, decoder):
    """Each is used late, and its memory is given on at once."""
    expected = stream(make_loader(photos, decoder, device=CUDA), 320)[0]
    loader, seen = make_loader(photos, decoder, device=CUDA), []
    for batch in micro_batches_of(loader, updates(320)):
        torch.cuda._sleep(20_000_000)  # cycles
        seen.append(batch.images.clone())
        del batch
    assert torch.equal(torch.cat(seen), expected)


@pytest.mark.parametrize("decoder", DECODERS)
def test_device_memory_does_not_grow_with_the_batch(photos, decoder):
    """Torch's and DALI's, from 128 to 65 536: what is free while 64 micro-batches are made."""
    loader, used = make_loader(photos, decoder, device=CUDA, micro_batch_size=128, **BF16), []
    for sizes in ((128,) * 64, (65_536,)):
        free = []
        with closing(micro_batches_of(loader, updates(*sizes))) as batches:
            for batch in islice(batches, 64):
                torch.cuda.synchronize()
                free.append(torch.cuda.mem_get_info()[0])
                del batch
        used.append(-min(free))
    assert used[1] - used[0] < 1 << 26


@needs_dali
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file(photos, kind):
    train_file(photos, 5).write_bytes(KINDS[kind]())
    on_cpu, on_gpu = (
        make_loader(photos, "dali", device=device) for device in (torch.device("cpu"), CUDA)
    )
    check_each_image(on_cpu, stream(on_gpu, 80)[0], stream(on_cpu, 80)[0])


@needs_dali
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault(photos, fault):
    path, next_path = train_file(photos, 5), train_file(photos, 6)
    whole = path.read_bytes()
    path.write_bytes(next_path.read_bytes())
    expected = stream(make_loader(photos, "dali", device=CUDA), 160)[0]
    path.write_bytes(FAULTS[fault](whole))
    with pytest.raises(SampleError) as error:
        stream(make_loader(photos, "dali", device=CUDA), 80)
    assert error.value.where == str(path)
    loader = make_loader(photos, "dali", device=CUDA, on_error="skip")
    assert torch.equal(stream(loader, 160)[0], expected)
    assert loader.num_skipped == 2

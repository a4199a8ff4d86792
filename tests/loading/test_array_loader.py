"""The stream of samples does not depend on how it is cut into updates and micro-batches."""

import pytest
import torch

from bsgrow.data import load_dataset
from bsgrow.errors import InputError
from bsgrow.loading import micro_batches_of
from bsgrow.native import Augment
from tests.loading.array_stream import array_loader, updates, with_prefetch


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


def loader(digits, micro_batch_size=64, **options):
    return array_loader(digits, Augment(pad=1), micro_batch_size=micro_batch_size, **options)


def stream(batches):
    images, labels = zip(*[(b.images, b.labels) for b in batches], strict=True)
    return torch.cat(images), torch.cat(labels)


def test_the_stream_does_not_depend_on_the_cut(digits):
    whole = stream(micro_batches_of(loader(digits, 4000), updates(4000)))
    cut = stream(micro_batches_of(loader(digits, 48), updates(1, 999, 16, 2000, 984)))
    assert torch.equal(whole[0], cut[0])
    assert torch.equal(whole[1], cut[1])


@pytest.mark.parametrize("prefetch_bytes", [0, 1, 1 << 30])
@pytest.mark.parametrize("num_threads", [1, 3])
def test_the_stream_does_not_depend_on_how_it_is_fetched(digits, prefetch_bytes, num_threads):
    options = {"make_fill": with_prefetch(prefetch_bytes), "num_threads": num_threads}
    ours = loader(digits, 48, **options)
    reference = stream(micro_batches_of(loader(digits, 4000), updates(4000)))
    assert all(map(torch.equal, stream(micro_batches_of(ours, updates(1, 999, 3000))), reference))
    images, labels = zip(*ours.evaluation(), strict=True)
    expected = list(loader(digits, 10_000).evaluation())
    assert torch.equal(torch.cat(images), expected[0][0])
    assert torch.equal(torch.cat(labels), expected[0][1])


def test_micro_batches_stay_as_they_are_when_all_are_kept(digits):
    ours = loader(digits, 16, make_fill=with_prefetch(1))
    batches = list(micro_batches_of(ours, updates(*[40] * 50)))
    kept = stream(batches)
    assert torch.equal(kept[0], stream(micro_batches_of(loader(digits, 2000), updates(2000)))[0])


def test_a_negative_prefetch_is_refused(digits):
    with pytest.raises(InputError, match="prefetch_bytes = -1: expected 0 or more"):
        loader(digits, make_fill=with_prefetch(-1))


def test_an_epoch_holds_every_sample_once(digits):
    num_samples = len(digits.train)
    batches = micro_batches_of(array_loader(digits, seed=0), updates(num_samples))
    images, _ = stream(batches)
    reference, _ = stream(micro_batches_of(array_loader(digits, seed=1), updates(num_samples)))
    assert not torch.equal(images, reference), "another seed, another order"
    assert torch.equal(images.sum(0).round(decimals=1), reference.sum(0).round(decimals=1))


def test_micro_batches_close_their_updates(digits):
    batches = list(micro_batches_of(loader(digits, 64), updates(100, 64, 10)))
    assert [(b.stop - b.start, b.is_last) for b in batches] == [
        (64, False),
        (36, True),
        (64, True),
        (10, True),
    ]


def test_evaluation_is_the_held_out_split_in_order(digits):
    labels = torch.cat([labels for _, labels in loader(digits).evaluation()])
    assert labels.tolist() == digits.test.labels.tolist()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_dtype_and_memory_format(digits, dtype, memory_format):
    options = {"dtype": dtype, "memory_format": memory_format}
    batch = next(micro_batches_of(loader(digits, 32, **options), updates(32)))
    plain = next(micro_batches_of(loader(digits, 32), updates(32)))
    assert batch.images.dtype == dtype
    assert batch.images.is_contiguous(memory_format=memory_format)
    assert torch.equal(batch.images, plain.images.to(dtype))


def test_a_batch_outlives_its_loader(digits):
    made = loader(digits)
    batch = next(micro_batches_of(made, updates(8)))
    expected = batch.images.clone()
    del made
    assert torch.equal(batch.images, expected)

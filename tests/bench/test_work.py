"""What a work says of itself."""

import pytest
import torch

from bsgrow.bench.works import Delivery, array_works, jpeg_works
from bsgrow.errors import InputError
from bsgrow.native import Augment


def test_a_case_names_all_that_a_rate_depends_on(array_work, buffer_work, jpeg_work):
    work = array_work(dtype=torch.bfloat16, memory_format=torch.channels_last, num_threads=2)
    assert work.case == (
        "32x32x3 uint8 -> crop (zero pad 4), flip, normalise -> bfloat16 channels_last, cpu, "
        "2 threads"
    )
    assert array_work(micro_batch_size=16).case.endswith("1 thread, micro-batches of 16")
    assert buffer_work().case == f"{array_work().case}, one buffer"
    assert jpeg_work().case == (
        f"{jpeg_work().sizes} -> random resized crop 224, flip, normalise -> float32 NCHW, cpu, "
        "1 thread"
    )


def test_bytes_and_sizes(array_work, jpeg_work):
    assert array_work().bytes_read == 3072
    assert array_work().bytes_written == 4 * 3072
    assert array_work(dtype=torch.float16).bytes_written == 2 * 3072
    assert jpeg_work().bytes_written == 4 * 3 * 224 * 224
    assert 40_000 < jpeg_work().bytes_read < 60_000
    assert array_work(global_batch_size=10, micro_batch_size=16).slice_size == 10
    assert array_work(global_batch_size=100, micro_batch_size=16).slice_size == 16


def test_two_cases_for_each_batch_size(tmp_path):
    delivery = Delivery((8, 70_000), tmp_path, num_threads=3)
    works = list(array_works(delivery, (1, 4, 4), Augment(pad=1)))
    assert [work.global_batch_size for work in works] == [8, 8, 70_000, 70_000]
    assert len({work.case for work in works}) == 2
    assert {work.num_samples for work in works} == {70_000}
    assert works[0].num_threads == 3
    assert works[0].device.type in works[0].case


def test_padding_larger_than_the_image_is_refused(tmp_path):
    with pytest.raises(InputError, match="--pad 4: the images are 4x8 pixels") as error:
        next(array_works(Delivery((8,), tmp_path), (1, 4, 8), Augment(pad=4)))
    assert "at most 3" in error.value.hint


def test_images_that_do_not_fit_into_memory_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"--shape 3x100000x100000: 50000 such images take .* GiB"):
        next(array_works(Delivery((8,), tmp_path), (3, 100_000, 100_000), Augment()))
    with pytest.raises(InputError, match="--batch-sizes 2147483647, --shape 3x32x32: 2147"):
        next(array_works(Delivery((8, 2**31 - 1), tmp_path), (3, 32, 32), Augment()))


def test_a_batch_of_more_photographs_than_there_are_is_refused(tmp_path, photographs):
    with pytest.raises(InputError, match="--batch-sizes 64: there are 12 photographs"):
        next(jpeg_works(Delivery((4, 64), tmp_path), photographs))


def test_a_device_that_is_not_there_is_refused(tmp_path, photographs):
    with pytest.raises(InputError, match="--device = 'cuda:99' is not there"):
        next(jpeg_works(Delivery((4,), tmp_path, device="cuda:99"), photographs))


def test_the_device_becomes_the_current_one(tmp_path, monkeypatch):
    current = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    resolved = Delivery((8,), tmp_path, device="cuda:1").resolved()
    assert current == [resolved["device"]] == [torch.device("cuda", 1)]
    Delivery((8,), tmp_path, device="cpu").resolved()
    assert len(current) == 1

"""A micro-batch fits the memory that it asks for, in the layout that was wanted."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.loading.layout import BatchLayout, as_buffer


@pytest.mark.parametrize("num", [0, 1, 3, 64])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 7)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_images_and_labels_lie_side_by_side(num, shape, dtype, memory_format):
    layout = BatchLayout(shape, dtype, memory_format)
    memory = torch.full((layout.num_bytes(num),), 255, dtype=torch.uint8)
    images, labels = layout.tensors(*layout.arrays(memory.numpy().data, num))
    assert images.shape == (num, *shape)
    assert images.dtype == dtype
    assert images.is_contiguous(memory_format=memory_format)
    assert labels.shape == (num,)
    assert labels.dtype == torch.int64
    images.zero_()
    assert labels.tolist() == [-1] * num
    labels.zero_()
    assert memory.count_nonzero() < 64  # the gap between them
    assert (labels.data_ptr() - memory.data_ptr()) % 64 == 0


def test_fewer_samples_fit_where_more_do():
    layout = BatchLayout((3, 4, 4), torch.float32, torch.contiguous_format)
    sizes = [layout.num_bytes(num) for num in range(100)]
    assert sizes == sorted(sizes)


@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
    num_bytes=st.integers(0, 100_000),
)
def test_as_many_samples_fit_as_are_said_to(shape, dtype, num_bytes):
    layout = BatchLayout(shape, dtype, torch.contiguous_format)
    num = layout.num_samples(num_bytes)
    assert layout.num_bytes(num) <= num_bytes < layout.num_bytes(num + 1)


def test_a_buffer_is_the_memory_of_its_tensor():
    tensor = torch.zeros(3, dtype=torch.bfloat16)
    as_buffer(tensor)[:] = 0x3F80  # 1 in bfloat16
    assert tensor.tolist() == [1.0, 1.0, 1.0]

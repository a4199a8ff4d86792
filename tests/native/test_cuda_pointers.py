"""Arrays on a CUDA device that begin where vectors do not; skipped where there is none."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.native import cuda
from tests.drawn import num_cases
from tests.native.device_cases import DTYPES, assert_same, handle, make_out, on_cpu
from tests.native.test_cuda import cases

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

AROUND = 16  # elements behind an array, which nothing may write to


def placed(tensor, offset):
    """The tensor's values and strides so many elements into memory of the device, and that memory.

    Around it the memory is full of ones.
    """
    size = offset + tensor.numel() + AROUND
    memory = torch.ones(size, dtype=tensor.dtype, device="cuda")
    part = memory.as_strided(tensor.shape, tensor.stride(), offset)
    return part.copy_(tensor), memory


def around(memory, offset):
    return torch.cat([memory[:offset], memory[-AROUND:]])


@settings(max_examples=num_cases(300))
@given(
    case=cases(),
    dtype=st.sampled_from(DTYPES),
    channels_last=st.booleans(),
    offset_in=st.integers(0, 16),
    offset_out=st.integers(0, 15),
    offset_labels=st.integers(0, 3),
)
def test_the_bits_of_the_cpu_wherever_arrays_begin(
    case, dtype, channels_last, offset_in, offset_out, offset_labels
):
    num, shape = case["stop"] - case["start"], case["images"].shape[1:]
    images, _ = placed(torch.from_numpy(case["images"]), offset_in)
    labels, _ = placed(torch.from_numpy(np.asarray(case["labels"])), offset_labels)
    blank = make_out((num, *shape), dtype, channels_last, "cpu")
    out, memory = placed(blank, offset_out)
    out_labels, _ = placed(torch.full((num,), -9), offset_labels)
    arguments = case | {"images": images, "labels": labels}
    arguments |= {"out_images": out, "out_labels": out_labels}
    cuda.load_batch(**arguments, cuda_stream=handle())
    assert_same((out.cpu(), out_labels.cpu()), on_cpu(case, dtype, channels_last))
    assert torch.equal(around(memory, offset_out), torch.ones_like(around(memory, offset_out)))

"""What the tests of the loaders share."""

import pytest
import torch

from bsgrow.loading import ring
from bsgrow.native import scale_and_bias

_NAMES = {torch.float32: "float32", torch.float16: "float16", torch.bfloat16: "bfloat16"}


@pytest.fixture
def num_allocated(monkeypatch):
    """How many slots of rings were allocated so far: malloc may give an address out again."""
    allocated = []
    allocate = ring._aligned_memory

    def counting(num_bytes):
        allocated.append(num_bytes)
        return allocate(num_bytes)

    monkeypatch.setattr(ring, "_aligned_memory", counting)
    return lambda: len(allocated)


@pytest.fixture(scope="module")
def kernel(host_kernel):
    """The CUDA kernel's source, run on the host."""

    def call(images, labels, *, mean, std, out_images, out_labels, **options):
        assert len(out_images), "there is something to launch for"
        scale, bias = scale_and_bias(mean, std)
        half = out_images.dtype == torch.bfloat16
        channels_last = not out_images.is_contiguous()
        host_kernel(
            images.numpy(),
            labels.numpy(),
            scale=scale,
            bias=bias,
            out_images=(out_images.view(torch.uint16) if half else out_images).numpy(),
            out_labels=out_labels.numpy(),
            dtype=_NAMES[out_images.dtype],
            channels_last=channels_last,
            **options,
        )

    return call

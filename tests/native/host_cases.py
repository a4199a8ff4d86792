"""What the tests of the device kernel on the host share."""

import numpy as np
from hypothesis import strategies as st

from bsgrow.native import scale_and_bias

ITEMS = {"float32": np.float32, "float16": np.float16, "bfloat16": np.uint16}
CIFAR = {"mean": (0.49, 0.48, 0.45), "std": (0.25, 0.24, 0.26)}


def make_images(shape, seed=0, offset=0):
    """Begun some bytes into a vector, and ended with the memory that was allocated."""
    memory = np.random.default_rng(seed).integers(0, 256, np.prod(shape) + offset, dtype=np.uint8)
    return memory[offset:].reshape(shape)


def make_out(shape, dtype, channels_last=False, offset=0):
    """Full of ones, so that what is not written shows, and begun some elements into a vector."""
    size = int(np.prod(shape))
    flat = np.ones(offset + size, ITEMS[dtype])[offset:]
    if not channels_last:
        return flat.reshape(shape)
    num, channels, height, width = shape
    return flat.reshape(num, height, width, channels).transpose(0, 3, 1, 2)


def bits(array):
    return np.ascontiguousarray(array).view(np.uint16)


def run(host_kernel, case, dtype, channels_last=False, offset=0, **options):
    """What the kernel writes for arguments of the reference."""
    case = dict(case)
    scale, bias = scale_and_bias(case.pop("mean"), case.pop("std"))
    num = case["stop"] - case["start"]
    out_images = make_out((num, *case["images"].shape[1:]), dtype, channels_last, offset)
    out_labels = np.full(num, -9, np.int64)
    host_kernel(
        **case,
        scale=scale,
        bias=bias,
        out_images=out_images,
        out_labels=out_labels,
        dtype=dtype,
        channels_last=channels_last,
        **options,
    )
    return out_images, out_labels


def _kinds(sizes, channels=(1, 3, 4), dtypes=tuple(ITEMS), channels_last=(False,)):
    """Draws (height, width), channels, dtype and channels_last."""
    sampled = (st.sampled_from(options) for options in (channels, dtypes, channels_last))
    return st.tuples(sizes, *sampled)


_ANY = {"channels": range(1, 6), "channels_last": (False, True)}
_VECTORS = st.tuples(
    st.integers(1, 24).map(lambda n: 2 * n), st.integers(1, 9).map(lambda n: 8 * n)
)
_FOURS = st.tuples(
    st.integers(1, 12).map(lambda n: 4 * n), st.integers(0, 9).map(lambda n: 8 * n + 4)
)
# What the kernel reads and writes by vectors, and by fours; then all sizes, on every address; and
# rows too long for shared memory.
KINDS = {
    "planar": _kinds(_VECTORS) | _kinds(_FOURS, dtypes=["float32"]),
    "interleaved": _kinds(_VECTORS, channels=[3], channels_last=[True]),
    "fours": _kinds(_FOURS, dtypes=["float16", "bfloat16"]),
    "any": _kinds(_VECTORS | _FOURS | st.tuples(st.integers(1, 40), st.integers(1, 40)), **_ANY),
    "long rows": _kinds(st.tuples(st.integers(1, 3), st.integers(3000, 3400)), **_ANY),
}

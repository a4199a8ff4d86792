"""Running out of memory, said in terms of the recipe."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from bsgrow.errors import BsgrowError

# Where torch has no class of its own for it: on the CPU, and of CUDA and its libraries, which take
# memory past torch's allocator, as for a handle of each thread.
_SAID = (
    "can't allocate memory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)


@contextmanager
def explaining_memory(micro_batch_size: int | None = None) -> Iterator[None]:
    """Turn the ways of running out of memory into a BsgrowError with a hint.

    Args:
        micro_batch_size: samples that the buffers of a run are made for; None for several runs.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        reason = (str(error) or "the system refuses more").splitlines()[0]
        buffers = f", with run.micro_batch_size = {micro_batch_size}" if micro_batch_size else ""
        raise BsgrowError(
            f"out of memory{buffers}: {reason}",
            hint="lower run.micro_batch_size, which changes no result but rounding, "
            "or take a smaller model, or smaller images",
        ) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error is that of memory that is exhausted, on the host or a device."""
    said = str(error)
    is_of_class = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return is_of_class or any(words in said for words in _SAID)

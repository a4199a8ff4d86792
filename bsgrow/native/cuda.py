"""The thin Python face of the kernels for CUDA devices.

Arrays on a device are objects with ``__dlpack__`` or ``__cuda_array_interface__``: tensors of
torch, arrays of CuPy, JAX or Numba. A DLPack capsule is taken as it is: it says nothing of a
CUDA stream, so that what its producer has yet to write must come before on that of the call. CUDA
streams are handles, as in ``torch.cuda.Stream.cuda_stream``; 0 is the default one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bsgrow.errors import BsgrowError
from bsgrow.native.augment import Augment
from bsgrow.native.constants import kernel_constants
from bsgrow.native.cuda_architectures import why_unsupported

try:
    from bsgrow import _native_cuda as extension
except ImportError as error:
    _MISSING = f"bsgrow._native_cuda cannot be loaded: {error}"
else:
    _MISSING = ""


def why_unavailable(device: int | None = None) -> str | None:
    """Say why the kernels cannot run on a device here; None where it can. Never raises.

    Args:
        device: its index; None asks for any.
    """
    if _MISSING:
        return _MISSING
    num_devices, reason = extension.device_count()
    if not num_devices:
        return f"there is no CUDA device: {reason}"
    reasons = [_why_not_on(index) for index in (range(num_devices) if device is None else [device])]
    return None if None in reasons else reasons[0]


def device_array(array: object, *, cuda_stream: int) -> object:
    """Take an array once and for all, so that no later call has to look at it again.

    Args:
        array: in the memory of a device; kept alive by what is returned.
        cuda_stream: what its producer has yet to write comes before what this one does next.

    Returns:
        What every argument on a device may be.

    Raises:
        BsgrowError: the module for devices was not built, or CUDA failed.
        TypeError: it is no array of a device.
        ValueError: it lies in other memory.
    """
    _require_extension()
    with _explaining_failures():
        return extension.DeviceArray(array, cuda_stream=cuda_stream)


def load_batch(
    images: object,
    labels: object,
    *,
    seed: int,
    start: int,
    stop: int,
    augment: Augment | None,
    mean: Sequence[float],
    std: Sequence[float],
    out_images: object,
    out_labels: object,
    shuffle: bool = True,
    num_samples: int | None = None,
    cursor: object | None = None,
    cuda_stream: int,
) -> None:
    """Launches what :func:`bsgrow.native.load_batch` does, on a device: the same bits.

    One kernel, no copy, no synchronisation: it returns while the device works. The arrays must
    live until the CUDA stream has passed the launch; what frees memory in the order of one, as
    torch does, needs to know it where it is not the one that they were made on.

    Args:
        images: uint8 ``[num_samples, channels, height, width]``, C-contiguous, at most 256
            channels, on a device.
        labels: int64 ``[num_samples]``, on that device.
        seed: 0 to 2**64 - 1.
        start: first position, 0 to 2**64 - 1.
        stop: one past the last position; any number of epoch ends may lie between.
        augment: random crop, flip and cutout; None for none of them.
        mean: per channel, of pixel / 255.
        std: per channel, of pixel / 255, above 0.
        out_images: written; float32, float16 or bfloat16 (or its bits as uint16)
            ``[stop - start, channels, height, width]``, contiguous or channels_last, on that
            device.
        out_labels: written; int64 ``[stop - start]``, on that device.
        shuffle: False takes the samples of each epoch in order.
        num_samples: where images and labels hold the samples of these positions in order, as
            :func:`bsgrow.native.gather_async` writes them, samples in the whole set; else None.
        cursor: int64 or uint64 ``[1]`` on that device, which the kernel adds to start and stop, so
            that replays of a CUDA graph walk the stream; see :func:`advance_cursor`. Nobody checks
            that it stays below epoch 2**32, where the stream begins to repeat itself.
        cuda_stream: where to launch.

    Raises:
        BsgrowError: the module for devices was not built, or CUDA failed.
        InputError: mean or std cannot normalise.
        TypeError: an argument is no array or no integer; the message names it.
        ValueError: a shape, dtype, layout, device or range is wrong; the message names the
            argument.
    """
    _require_extension()
    constants = kernel_constants(augment, tuple(mean), tuple(std))
    with _explaining_failures():
        extension.load_batch(
            images=images,
            labels=labels,
            seed=seed,
            start=start,
            stop=stop,
            out_images=out_images,
            out_labels=out_labels,
            shuffle=shuffle,
            num_samples=num_samples,
            cursor=cursor,
            cuda_stream=cuda_stream,
            **constants,
        )


def advance_cursor(cursor: object, count: int, *, cuda_stream: int) -> None:
    """Launches ``cursor += count``, after what the CUDA stream did before.

    Args:
        cursor: int64 or uint64 ``[1]``, on a device.
        count: 0 to 2**64 - 1.
        cuda_stream: where to launch.

    Raises:
        BsgrowError: the module for devices was not built, or CUDA failed.
        TypeError: an argument is no array or no integer; the message names it.
        ValueError: a shape, dtype or range is wrong; the message names the argument.
    """
    _require_extension()
    with _explaining_failures():
        extension.advance_cursor(cursor=cursor, count=count, cuda_stream=cuda_stream)


def _why_not_on(device: int) -> str | None:
    try:
        capability = extension.device_capability(device)
    except RuntimeError as error:
        return f"device {device}: {error}"
    reason = why_unsupported(capability, extension.build_info()["architectures"])
    return reason and f"device {device}: {reason}"


def _require_extension() -> None:
    if _MISSING:
        raise BsgrowError(
            f"the sample stream cannot run on a CUDA device: {_MISSING}",
            hint="install bsgrow where nvcc is found (`bsgrow doctor` says what was built)",
        )


@contextmanager
def _explaining_failures() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # the extension's: the error's name and text, as CUDA says them
        raise BsgrowError(
            str(error), hint="`bsgrow doctor` says what is found of driver and devices"
        ) from error

"""A DALI pipeline that draws nothing at random and is told every window and flip.

DALI's own random operators key on the iteration and the slot in the batch, so that what they draw
depends on the batch size. Here windows and flips come in beside the bytes, and the pipeline is a
pure function of them. It is built once, for chunks; a larger batch is filled chunk by chunk.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.errors import InputError
from bsgrow.loading.decoders import DecodeSettings
from bsgrow.loading.side_stream import SideStream

_CHUNKS_IN_FLIGHT = 2  # one is decoded while another is resized on the GPU


class DaliPipeline:
    """Encoded bytes, windows and flips -> decode the window, resize, mirror, normalise.

    By what an image is decoded, and to what size, depends on that image alone: so does every bit
    of the result, whatever chunk it is in. After a RuntimeError DALI calls a pipeline invalid; what
    was fed before it may still be fetched. DALI makes float32 and float16; to bfloat16, which it
    does not have, the copy to the micro-batch casts.

    Args:
        settings: size, statistics, device.
        max_samples: longest chunk.
        side: what copies chunks to their micro-batches.

    Raises:
        InputError: DALI is not installed, or cannot begin on the device.
    """

    def __init__(self, settings: DecodeSettings, max_samples: int, side: SideStream) -> None:
        self._settings, self._side = settings, side
        on_gpu = settings.device.type == "cuda"
        # nvImageCodec gives the hardware decoder as many images of a batch as its first batch had
        # (adjustBatchSizes), and the others to a decoder with other pixels: let the first be full.
        self._min_samples = max_samples if on_gpu else 0
        try:
            self._pipeline = _build(import_dali(), settings, max_samples, on_gpu=on_gpu)
        except RuntimeError as error:
            raise _cannot_begin(settings.device, error) from error

    def feed(self, images: Sequence[memoryview], windows: NDArray[np.int32]) -> list[Any]:
        """Schedule a chunk; returns what must live until it is fetched.

        Args:
            images: encoded, n of them.
            windows: int32 [n, 5], as in ``Decoder``.
        """
        num_fed = max(len(images), self._min_samples)
        self._min_samples = 0
        encoded = [np.frombuffer(images[row % len(images)], np.uint8) for row in range(num_fed)]
        windows = np.resize(windows, (num_fed, windows.shape[1]))  # repeats them, as the images
        starts, ends = shown_regions(windows[:, 2:4], self._settings.size, self._settings.resize)
        inputs = {
            "place": windows[:, :2],
            "shape": windows[:, 2:4],
            "region_start": starts,
            "region_end": ends,
            "flipped": windows[:, 4],
        }
        self._pipeline.feed_input("encoded", encoded)
        for name, values in inputs.items():
            self._pipeline.feed_input(name, np.ascontiguousarray(values))
        self._pipeline.schedule_run()
        return encoded

    def fetch(self, out: Tensor) -> None:
        """Wait for the oldest chunk and have it copied, cast, to ``out``.

        Raises:
            RuntimeError: an image of it cannot be decoded; nothing tells which.
        """
        cuda_stream = self._side.cuda_stream
        (images,) = self._pipeline.share_outputs(cuda_stream=cuda_stream)
        with torch.cuda.stream(cuda_stream):  # DALI has this one wait, in from_dlpack as above
            pixels = torch.utils.dlpack.from_dlpack(images.as_tensor())
        if self._settings.memory_format == torch.channels_last:
            pixels = pixels.permute(0, 3, 1, 2)
        self._side.fill(pixels[: len(out)], out, images)
        del pixels
        self._pipeline.release_outputs()

    def drop(self) -> None:
        """Wait for the oldest chunk and forget it; raises RuntimeError as ``fetch``."""
        self._pipeline.share_outputs()
        self._pipeline.release_outputs()


def import_dali() -> Any:
    """Return the module ``nvidia.dali``; raises InputError, with how to install it, without."""
    try:
        import nvidia.dali.fn  # the operators; imports the rest
    except ImportError as error:
        raise InputError(
            f"data.decoder: DALI cannot be imported ({error})",
            hint=_INSTALL_HINT if sys.platform == "linux" else _ELSEWHERE_HINT,
        ) from error
    return nvidia.dali


INSTALL = (
    "pip install nvidia-dali-cuda130 (nvidia-dali-cuda120 for a driver of CUDA 12; `nvidia-dali` "
    "is only a placeholder)"
)
_INSTALL_HINT = f'{INSTALL}, or set data.decoder = "native"'
_ELSEWHERE_HINT = 'DALI exists for Linux only; set data.decoder = "native"'


def _cannot_begin(device: torch.device, error: RuntimeError) -> InputError:
    reason = str(error).strip() or type(error).__name__
    return InputError(
        f"data.decoder: DALI cannot begin on {device}: {reason}",
        hint=_DRIVER_HINT if device.type == "cuda" else 'set data.decoder = "native"',
    )


_DRIVER_HINT = (
    "nvidia-dali-cuda130 wants a driver of CUDA 13 (nvidia-smi tells); for one of CUDA 12 put "
    'nvidia-dali-cuda120 in its place, or set data.decoder = "native"'
)


def _build(dali: Any, settings: DecodeSettings, max_samples: int, *, on_gpu: bool) -> Any:
    pipeline = dali.Pipeline(
        batch_size=max_samples,
        num_threads=settings.num_threads,
        device_id=settings.device.index or 0 if on_gpu else None,
        prefetch_queue_depth=_CHUNKS_IN_FLIGHT,
        exec_dynamic=True,
        exec_pipelined=False,  # or the first run would want as many chunks as are in flight
    )
    with pipeline:
        pipeline.set_outputs(_define(dali, settings, on_gpu=on_gpu))
    pipeline.build()
    return pipeline


def _define(dali: Any, settings: DecodeSettings, *, on_gpu: bool) -> Any:
    fn, types = dali.fn, dali.types
    encoded = fn.external_source(name="encoded", dtype=types.UINT8, ndim=1, no_copy=not on_gpu)
    images = fn.resize(
        decoded_windows(dali, encoded, on_gpu=on_gpu),
        size=(settings.size, settings.size),
        roi_start=fn.external_source(name="region_start", dtype=types.FLOAT, ndim=1),
        roi_end=fn.external_source(name="region_end", dtype=types.FLOAT, ndim=1),
        interp_type=types.INTERP_LINEAR,
        antialias=True,
    )
    return fn.crop_mirror_normalize(
        images,
        mirror=fn.external_source(name="flipped", dtype=types.INT32, ndim=0),
        mean=[255 * value for value in settings.mean],
        std=[255 * value for value in settings.std],
        dtype=types.FLOAT16 if settings.dtype == torch.float16 else types.FLOAT,
        output_layout="HWC" if settings.memory_format == torch.channels_last else "CHW",
    )


def decoded_windows(dali: Any, encoded: Any, *, on_gpu: bool) -> Any:
    """Return the pixels of the inputs ``place`` and ``shape``, in the image as it is stored.

    Images are as they are shown: DALI is given none that is to be turned, and turns none by its own
    reading of EXIF.
    """
    fn, types = dali.fn, dali.types
    window = {
        "start": fn.external_source(name="place", dtype=types.INT32, ndim=1),
        "shape": fn.external_source(name="shape", dtype=types.INT32, ndim=1),
        "axis_names": "HW",
    }
    if not on_gpu:
        options = _DECODE_ON_CPU | window
        return fn.decoders.image_slice(encoded, output_type=types.RGB, **options)
    # Whole images: nvImageCodec 0.9.0 crashes where a GPU decodes a part (nvImageCodec issue 55).
    return fn.slice(fn.decoders.image(encoded, output_type=types.RGB, **_DECODE_ON_GPU), **window)


# Smooth chroma, as libjpeg's default and Pillow: the pixels are then theirs to the bit.
_AS_STORED = {"adjust_orientation": False}
_DECODE_ON_CPU = _AS_STORED | {"device": "cpu", "jpeg_fancy_upsampling": True}
# All that the hardware can decode goes there: which images a share of it gets depends on the chunk.
_DECODE_ON_GPU = _AS_STORED | {"device": "mixed", "hw_decoder_load": 1.0}


def shown_regions(
    shapes: NDArray[np.int32], size: int, resize: int | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return which part of windows of those heights and widths becomes the output.

    All of it where ``resize`` is None. Else that of torchvision's Resize, which makes the shorter
    side ``resize`` and rounds the longer one down, and of CenterCrop: told in pixels of the window,
    so that a narrow image is never resized as a whole.

    Returns:
        Start and end, float32 [n, 2].
    """
    if resize is None:
        return np.zeros(shapes.shape, np.float32), shapes.astype(np.float32)
    wide = shapes.astype(np.int64)
    resized = resize * wide // wide.min(axis=1, keepdims=True)
    first = np.rint((resized - size) / 2)  # half to even, as Python's round
    starts, ends = (edge * wide / resized for edge in (first, first + size))
    return starts.astype(np.float32), ends.astype(np.float32)

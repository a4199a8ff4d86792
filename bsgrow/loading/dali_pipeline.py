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

_CHUNKS_IN_FLIGHT = 2  # one is decoded while another is resized on the GPU


class DaliPipeline:
    """Encoded bytes, windows and flips -> decode the window, resize, mirror, normalise.

    By what an image is decoded, and to what size, depends on that image alone: so does every bit
    of the result, whatever chunk it is in. After a RuntimeError DALI calls a pipeline invalid; what
    was fed before it may still be fetched.

    Args:
        settings: size, statistics, device.
        max_samples: longest chunk.

    Raises:
        InputError: DALI is not installed.
    """

    def __init__(self, settings: DecodeSettings, max_samples: int) -> None:
        self._settings = settings
        dali = import_dali()
        on_gpu = settings.device.type == "cuda"
        self._pipeline = dali.Pipeline(
            batch_size=max_samples,
            num_threads=settings.num_threads,
            device_id=settings.device.index or 0 if on_gpu else None,
            prefetch_queue_depth=_CHUNKS_IN_FLIGHT,
            exec_dynamic=True,
            exec_pipelined=False,  # or the first run would want as many chunks as are in flight
        )
        with self._pipeline:
            self._pipeline.set_outputs(_define(dali, settings, on_gpu=on_gpu))
        self._pipeline.build()

    def feed(self, images: Sequence[memoryview], windows: NDArray[np.int32]) -> list[Any]:
        """Schedule a chunk; returns what must live until it is fetched.

        Args:
            images: encoded, n of them.
            windows: int32 [n, 5], as in ``Decoder``.
        """
        encoded = [np.frombuffer(image, np.uint8) for image in images]
        size, resize = self._settings.size, self._settings.resize
        shapes = resized_shapes(windows[:, 2:4], size, resize)
        crop_places = centred(shapes, size)
        inputs = {
            "place": windows[:, :2],
            "shape": windows[:, 2:4],
            "resized_shape": shapes.astype(np.float32),
            "crop_pos_y": crop_places[:, 0],
            "crop_pos_x": crop_places[:, 1],
            "flipped": windows[:, 4],
        }
        self._pipeline.feed_input("encoded", encoded)
        for name, values in inputs.items():
            self._pipeline.feed_input(name, np.ascontiguousarray(values))
        self._pipeline.schedule_run()
        return encoded

    def fetch(self, out: Tensor) -> None:
        """Wait for the oldest chunk and copy it, cast, to ``out``; on a GPU in torch's stream.

        Raises:
            RuntimeError: an image of it cannot be decoded; nothing tells which.
        """
        stream = torch.cuda.current_stream(out.device) if out.is_cuda else None
        (images,) = self._pipeline.share_outputs(cuda_stream=stream)
        pixels = torch.utils.dlpack.from_dlpack(images.as_tensor())
        if self._settings.memory_format == torch.channels_last:
            pixels = pixels.permute(0, 3, 1, 2)
        out.copy_(pixels, non_blocking=True)
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


_INSTALL_HINT = (
    "pip install nvidia-dali-cuda130 (nvidia-dali-cuda120 for a driver of CUDA 12; `nvidia-dali` "
    'is only a placeholder), or set data.decoder = "native"'
)
_ELSEWHERE_HINT = 'DALI exists for Linux only; set data.decoder = "native"'


def _define(dali: Any, settings: DecodeSettings, *, on_gpu: bool) -> Any:
    fn, types = dali.fn, dali.types
    encoded = fn.external_source(name="encoded", dtype=types.UINT8, ndim=1, no_copy=not on_gpu)
    images = fn.decoders.image_slice(
        encoded,
        start=fn.external_source(name="place", dtype=types.INT32, ndim=1),
        shape=fn.external_source(name="shape", dtype=types.INT32, ndim=1),
        axis_names="HW",
        output_type=types.RGB,
        **_DECODE_ON_GPU if on_gpu else _DECODE_ON_CPU,
    )
    resized_shape = fn.external_source(name="resized_shape", dtype=types.FLOAT, ndim=1)
    images = fn.resize(images, size=resized_shape, interp_type=types.INTERP_LINEAR, antialias=True)
    return fn.crop_mirror_normalize(
        images,
        crop=(settings.size, settings.size),
        crop_pos_y=fn.external_source(name="crop_pos_y", dtype=types.FLOAT, ndim=0),
        crop_pos_x=fn.external_source(name="crop_pos_x", dtype=types.FLOAT, ndim=0),
        mirror=fn.external_source(name="flipped", dtype=types.INT32, ndim=0),
        mean=[255 * value for value in settings.mean],
        std=[255 * value for value in settings.std],
        dtype=types.FLOAT16 if settings.dtype == torch.float16 else types.FLOAT,
        output_layout="HWC" if settings.memory_format == torch.channels_last else "CHW",
    )


# Smooth chroma, as libjpeg's default and Pillow: the pixels are then theirs to the bit.
_DECODE_ON_CPU = {"device": "cpu", "jpeg_fancy_upsampling": True}
# All that the hardware engines can decode goes there: a share of it would be cut by the chunk.
_DECODE_ON_GPU = {"device": "mixed", "hw_decoder_load": 1.0}


def resized_shapes(shapes: NDArray[np.int32], size: int, resize: int | None) -> NDArray[np.int64]:
    """Return the heights and widths, int64 [n, 2], to which windows of those are resized.

    As torchvision's Resize: the shorter side becomes ``resize``, the longer one is rounded down.
    None resizes to a square of ``size``.
    """
    if resize is None:
        return np.full(shapes.shape, size, np.int64)
    wide = shapes.astype(np.int64)
    resized: NDArray[np.int64] = resize * wide // wide.min(axis=1, keepdims=True)
    return resized


def centred(shapes: NDArray[np.int64], size: int) -> NDArray[np.float32]:
    """Return where torchvision's CenterCrop begins, as DALI takes it: a fraction of the margin.

    float32 [n, 2], of which DALI multiplies the margin, and rounds.
    """
    margins = shapes - size
    first = np.rint(margins / 2)  # half to even, as Python's round
    return (first / np.maximum(margins, 1)).astype(np.float32)

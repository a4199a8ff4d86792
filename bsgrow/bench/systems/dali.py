"""NVIDIA DALI's pipeline API, on the CPU alone or with a GPU behind it.

Written after its documentation: https://docs.nvidia.com/deeplearning/dali. Outputs are taken
without a copy, but for bfloat16, which DALI does not have: torch casts float32 to it, beside what
the device computes. ``dali-padded`` is given images that were padded beforehand, which saves a pass
for half as much memory again: not the same work, but what its users may do.
"""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.utils.dlpack
from torch import Tensor

from bsgrow.bench.source import Batch, Source, UnavailableError
from bsgrow.bench.systems.system import System
from bsgrow.bench.work import ArrayWork, JpegWork, Work
from bsgrow.loading.side_stream import SideStream

_QUEUE_DEPTH = 2  # DALI's default
_PACKAGE = "nvidia.dali"


def _open_array(work: ArrayWork, *, padded: bool = False) -> Source:
    from nvidia.dali import pipeline_def, types

    if work.augment.padding != "zero":
        raise UnavailableError(f"its slice has no {work.augment.padding} padding")
    images = _interleaved(work, padded=padded)

    def graph() -> Any:
        from nvidia.dali import fn

        pixels = fn.external_source(
            _shuffled(images, work), batch=True, layout="HWC", dtype=types.UINT8, ndim=3
        )
        pixels = pixels.gpu() if work.on_cuda else pixels
        crop = _crop_padded(work) if padded else {}
        if not padded:
            pixels = _pad_and_slice(pixels, work)
        return _normalised(pixels, work, **crop)

    return _source(pipeline_def(graph), work)


def _pad_and_slice(pixels: Any, work: ArrayWork) -> Any:
    """A window of the image's size, up to ``pad`` pixels out of it: zero where there is none."""
    from nvidia.dali import fn, types

    pad, (_, height, width) = work.augment.pad, work.image_shape
    if not pad:
        return pixels
    start = fn.random.uniform(values=[float(v) for v in range(-pad, pad + 1)], shape=(2,))
    return fn.slice(
        pixels,
        start=fn.cast(start, dtype=types.INT32),
        shape=(height, width),
        axes=(0, 1),
        out_of_bounds_policy="pad",
        fill_values=0,
    )


def _crop_padded(work: ArrayWork) -> dict[str, Any]:
    from nvidia.dali import fn

    offsets = 2 * work.augment.pad
    shares = [offset / max(offsets, 1) for offset in range(offsets + 1)]
    return {
        "crop": work.image_shape[1:],
        "crop_pos_x": fn.random.uniform(values=shares),
        "crop_pos_y": fn.random.uniform(values=shares),
    }


def _open_jpeg(work: JpegWork) -> Source:
    from nvidia.dali import pipeline_def

    def graph() -> Any:
        from nvidia.dali import fn

        encoded, _ = fn.readers.file(
            files=[str(path) for path in work.files],
            labels=work.labels.tolist(),
            random_shuffle=True,
        )
        crops = _crops_of_whole_images if work.on_cuda else _crops_decoded_alone
        return _normalised(crops(encoded, work), work)

    return _source(pipeline_def(graph), work)


def _crops_decoded_alone(encoded: Any, work: JpegWork) -> Any:
    """On the CPU, where it is the fastest."""
    from nvidia.dali import fn, types

    decoded = fn.decoders.image_random_crop(encoded, output_type=types.RGB, **_window(work))
    return fn.resize(decoded, **_square(work))


def _crops_of_whole_images(encoded: Any, work: JpegWork, device: str = "mixed") -> Any:
    """On a GPU, where decoding a part crashes with nvImageCodec 0.9.0: see its issue 55."""
    from nvidia.dali import fn, types

    decoded = fn.decoders.image(encoded, device=device, output_type=types.RGB)
    return fn.random_resized_crop(decoded, **_window(work), **_square(work))


def _window(work: JpegWork) -> dict[str, Any]:
    return {"random_aspect_ratio": list(work.ratio), "random_area": list(work.scale)}


def _square(work: JpegWork) -> dict[str, Any]:
    from nvidia.dali import types

    triangle = types.INTERP_TRIANGULAR  # with antialiasing
    return {"size": (work.size, work.size), "interp_type": triangle}


def _normalised(pixels: Any, work: Work, **crop: Any) -> Any:
    from nvidia.dali import fn, types

    return fn.crop_mirror_normalize(
        pixels,
        mirror=fn.random.coin_flip() if work.flips else 0,
        mean=work.pixel_mean,
        std=work.pixel_std,
        dtype=types.FLOAT16 if work.dtype == torch.float16 else types.FLOAT,
        output_layout="HWC" if work.is_channels_last else "CHW",
        **crop,
    )


def _interleaved(work: ArrayWork, *, padded: bool) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The images as DALI keeps them, [N, H, W, C]."""
    images = work.images.transpose(0, 2, 3, 1)
    margin = (work.augment.pad, work.augment.pad) if padded else (0, 0)
    return np.ascontiguousarray(np.pad(images, ((0, 0), margin, margin, (0, 0))))


def _shuffled(
    images: np.ndarray[Any, np.dtype[np.uint8]], work: Work
) -> Callable[[], np.ndarray[Any, np.dtype[np.uint8]]]:
    """A source of whole batches in random order, a new one each epoch."""
    random, size = np.random.default_rng(work.seed), work.global_batch_size

    def indices() -> Generator[np.ndarray[Any, np.dtype[np.int64]], None, None]:
        while True:
            order = random.permutation(len(images))
            for start in range(0, len(order) - size + 1, size):
                yield order[start : start + size]

    batches = indices()
    return lambda: images[next(batches)]


def _source(definition: Any, work: Work) -> Source:
    pipeline = definition(
        batch_size=work.global_batch_size,
        num_threads=work.num_threads,
        device_id=(work.device.index or 0) if work.on_cuda else None,
        prefetch_queue_depth=_QUEUE_DEPTH,
    )
    pipeline.build()
    # One more than the queue: what was begun when the last round ended is ready by the next.
    return Source(partial(_batches, pipeline, work), num_ahead=_QUEUE_DEPTH + 1)


def _batches(pipeline: Any, work: Work) -> Generator[Batch, None, None]:
    side = SideStream(work.device)
    while True:
        # That of whoever uses them: without one, DALI has the host wait for the device.
        cuda_stream = torch.cuda.current_stream(work.device) if work.on_cuda else None
        (images,) = pipeline.run(cuda_stream)
        tensor = torch.utils.dlpack.from_dlpack(images.as_tensor())
        if work.is_channels_last:
            tensor = tensor.permute(0, 3, 1, 2)
        if tensor.dtype != work.dtype:
            tensor = _cast(tensor, work.dtype, images, side)
        yield Batch(len(tensor), tensor)


def _cast(tensor: Tensor, dtype: torch.dtype, owner: Any, side: SideStream) -> Tensor:
    out = torch.empty_like(tensor, dtype=dtype)
    side.take(out)
    side.fill(tensor, out, owner)
    return out


DALI = System("dali", {ArrayWork: _open_array, JpegWork: _open_jpeg}, _PACKAGE)
# The same with more memory: what is padded beforehand is a copy of all images.
DALI_PADDED = System(
    "dali-padded", {ArrayWork: partial(_open_array, padded=True)}, _PACKAGE, only_named=True
)

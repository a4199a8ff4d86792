"""The physical limit: writing the output and nothing else, or decoding and nothing else.

In memory on a CPU: the threads fill the output buffers, those of the loader's ring in turn. On a
CUDA device: a copy within its memory for each micro-batch, as the loader launches a kernel for
each, that moves as many bytes as the work reads and writes, from place to place of more than caches
hold. What the kernel reaches of the memory's own rate, ``benchmarks/device_stream.py`` says. JPEG:
the threads decode files from memory in full, with the libjpeg-turbo that bsgrow is built with, row
by row into the same one: no memory is made for an image, whose pages would have to be cleared.
"""

from collections.abc import Generator, Sequence
from functools import partial
from itertools import compress, cycle, islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bsgrow import _native
from bsgrow.bench.source import Batch, Source, UnavailableError
from bsgrow.bench.systems.ring import host_ring
from bsgrow.bench.systems.system import System
from bsgrow.bench.work import ArrayWork, BufferWork, JpegWork, Work
from bsgrow.images.encoded import MAX_PIXELS
from bsgrow.images.image_error import ImageError
from bsgrow.images.reading import shown_size
from bsgrow.native.extension import jpeg_extension

_CHUNK_SAMPLES = 32  # what a thread of load_batch takes at a time
_COPY_BYTES = 256 << 20  # or more are copied before the same bytes again: no cache holds them
_ALIGNMENT = 512  # of what is copied, as memory that is allocated
_HELD_BYTES = 256 << 20  # of files that are decoded over and over

Windows = NDArray[np.int32]
"""[N, 5]: top, left, height, width and whether it is mirrored, of each image."""


def _open_array(work: ArrayWork) -> Source:
    if work.on_cuda:
        return Source(partial(_copy, work))
    ring = host_ring(work)
    num_samples = ring.slot_samples // work.slice_size * work.slice_size
    return Source(partial(_fill, work, ring.num_slots, num_samples), num_ahead=ring.num_slots)


def _open_buffer(work: BufferWork) -> Source:
    if work.on_cuda:
        return Source(partial(_copy, work))
    return Source(partial(_fill, work, num_buffers=1, num_samples=work.slice_size))


def _fill(work: Work, num_buffers: int, num_samples: int) -> Generator[Batch, None, None]:
    buffers = np.zeros((num_buffers, num_samples * work.bytes_written), np.uint8)
    chunk_bytes = _CHUNK_SAMPLES * work.bytes_written
    for out in cycle(buffers):
        _native.fill(out=out, chunk_bytes=chunk_bytes, num_threads=work.num_threads)
        yield Batch(num_samples)


def _copy(work: Work) -> Generator[Batch, None, None]:
    num_bytes = work.slice_size * (work.bytes_read + work.bytes_written) // 2
    pitch = -(-num_bytes // _ALIGNMENT) * _ALIGNMENT
    num_parts = -(-_COPY_BYTES // pitch)
    source = torch.randint(256, (num_parts, pitch), dtype=torch.uint8, device=work.device)
    target = torch.empty_like(source)
    for part in cycle(range(num_parts)):
        target[part].copy_(source[part])
        yield Batch(work.slice_size)


def _open_jpeg(work: JpegWork) -> Source:
    if jpeg_extension is None:
        raise UnavailableError("bsgrow was built without libjpeg-turbo, which is what is measured")
    encoded, windows = _decodable(work.files, work.num_threads)
    return Source(partial(_decode, work, encoded, windows))


def _decodable(files: Sequence[Path], num_threads: int) -> tuple[list[bytes], Windows]:
    """Return files spread over all of them that fit into memory, and for each the whole image.

    Raises:
        UnavailableError: libjpeg-turbo decodes none of them.
    """
    read = [(image, _whole(image)) for image in map(Path.read_bytes, _spread(files))]
    images = [image for image, window in read if window]
    whole = np.array([window for _, window in read if window], np.int32).reshape(-1, 5)
    results = _decode_only(images, whole, num_threads)
    decoded = np.array([result == "decoded" for result, _ in results], bool)
    if not decoded.any():
        raise UnavailableError("libjpeg-turbo decodes none of the files by itself")
    return list(compress(images, decoded)), whole[decoded]


def _spread(files: Sequence[Path]) -> list[Path]:
    """Return every k-th file, as many as take little memory."""
    num_bytes = sum(path.stat().st_size for path in files)
    return list(files[:: max(1, -(-num_bytes // _HELD_BYTES))])


def _whole(image: bytes) -> tuple[int, int, int, int, int] | None:
    """Return the window of a whole image; None where its header cannot be read."""
    try:
        return (0, 0, *shown_size(image), 0)
    except ImageError:
        return None


def _decode(work: JpegWork, images: list[bytes], windows: Windows) -> Generator[Batch, None, None]:
    endless = cycle(range(len(images)))
    while True:
        chosen = list(islice(endless, work.slice_size))
        _decode_only([images[i] for i in chosen], windows[chosen], work.num_threads)
        yield Batch(len(chosen))


def _decode_only(images: list[bytes], windows: Windows, num_threads: int) -> list[tuple[str, str]]:
    return jpeg_extension.decode_only(
        encoded=images,
        windows=windows,
        max_pixels=MAX_PIXELS,
        by_libjpeg=True,
        num_threads=num_threads,
    )


LIMIT = System("limit", {ArrayWork: _open_array, BufferWork: _open_buffer, JpegWork: _open_jpeg})

"""The physical limit: writing the output and nothing else, or decoding and nothing else.

In memory on a CPU: the threads fill the output buffers, those of the loader's ring in turn. On a
CUDA device: a copy within its memory for each micro-batch, as the loader launches a kernel for
each, that moves as many bytes as the work reads and writes, from place to place of more than caches
hold. What the kernel reaches of the memory's own rate, ``benchmarks/device_stream.py`` says. JPEG:
the threads decode the files in full, with libjpeg-turbo as Pillow ships it, whose decoder runs
outside of the GIL.
"""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from itertools import cycle, islice

import numpy as np
import torch

from bsgrow import _native
from bsgrow.bench.source import Batch, Source
from bsgrow.bench.systems.ring import host_ring
from bsgrow.bench.systems.system import System
from bsgrow.bench.work import ArrayWork, BufferWork, JpegWork, Work

_CHUNK_SAMPLES = 32  # what a thread of load_batch takes at a time
_COPY_BYTES = 256 << 20  # or more are copied before the same bytes again: no cache holds them
_ALIGNMENT = 512  # of what is copied, as memory that is allocated


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
    files = [path.read_bytes() for path in work.files]
    return Source(partial(_decode, work, files))


def _decode(work: JpegWork, files: list[bytes]) -> Generator[Batch, None, None]:
    endless = cycle(files)
    with ThreadPoolExecutor(work.num_threads) as pool:
        while True:
            yield Batch(sum(pool.map(_decode_one, islice(endless, work.slice_size))))


def _decode_one(encoded: bytes) -> int:
    from PIL import Image

    with Image.open(BytesIO(encoded)) as image:
        image.load()
    return 1


LIMIT = System("limit", {ArrayWork: _open_array, BufferWork: _open_buffer, JpegWork: _open_jpeg})

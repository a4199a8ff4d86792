"""Meta's SPDL: FFmpeg's decoder and filters in a pipeline of threads.

A stage decodes, crops, scales, flips and makes RGB in one FFmpeg filter graph, with one thread
each, as https://facebookresearch.github.io/spdl recommends; frames become one buffer of the batch,
which torch then normalises.
"""

import math
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor

from bsgrow.bench.source import Batch, Source, UnavailableError
from bsgrow.bench.systems.system import System
from bsgrow.bench.work import ArrayWork, JpegWork
from bsgrow.user_code.errors import first_line

_BUFFER_SIZE = 2  # batches that wait for the consumer


def _open_jpeg(work: JpegWork) -> Source:
    _require_decoder(work)
    return Source(partial(_batches, work))


def _require_decoder(work: JpegWork) -> None:
    """Raise UnavailableError where it decodes no file, of which its pipeline takes the next."""
    try:
        _Decode(work)(work.files[0])
    except RuntimeError as error:  # as without the libraries of FFmpeg
        raise UnavailableError(f"it decodes none of the files: {first_line(error)}") from error


def _batches(work: JpegWork) -> Generator[Batch, None, None]:
    from spdl.pipeline import PipelineBuilder

    pipeline = (
        PipelineBuilder()
        .add_source(_paths(work))
        .pipe(_Decode(work), concurrency=work.num_threads)
        .aggregate(work.global_batch_size)
        .pipe(_Normalise(work))
        .add_sink(_BUFFER_SIZE)
        .build(num_threads=work.num_threads)
    )
    with pipeline.auto_stop():
        for images in pipeline:
            yield Batch(len(images), images)


def _paths(work: JpegWork) -> Iterator[Path]:
    """The files in random order, a new one each epoch."""
    random, files = Random(work.seed), list(work.files)  # noqa: S311 - an order, not a secret
    while True:
        random.shuffle(files)
        yield from files


class _Decode:
    """File -> frame of the size wanted."""

    def __init__(self, work: JpegWork) -> None:
        self._random = Random(work.seed)  # noqa: S311 - an augmentation, not a secret
        self._work = work

    def __call__(self, path: Path) -> Any:
        from spdl import io

        packets = io.demux_image(str(path))
        return io.decode_packets(packets, filter_desc=self._filters())

    def _filters(self) -> str:
        """The crop as a share of width and height, so that the size need not be known first."""
        random, size = self._random, self._work.size
        width, height = self._share()
        left, top = random.random(), random.random()
        crop = f"crop=w=iw*{width}:h=ih*{height}:x=(iw-ow)*{left}:y=(ih-oh)*{top}"
        flip = ",hflip" if random.random() < 0.5 else ""
        return f"{crop},scale={size}:{size}:flags=bilinear{flip},format=pix_fmts=rgb24"

    def _share(self) -> tuple[float, float]:
        """RandomResizedCrop of an image of aspect 4:3, as these photographs are."""
        low, high = (math.log(value) for value in self._work.ratio)
        while True:
            area = self._random.uniform(*self._work.scale)
            ratio = math.exp(self._random.uniform(low, high)) * 3 / 4
            width, height = math.sqrt(area * ratio), math.sqrt(area / ratio)
            if width <= 1 and height <= 1:
                return width, height


class _Normalise:
    """Frames -> [n, 3, size, size], normalised, on the device."""

    def __init__(self, work: JpegWork) -> None:
        self._work = work
        self._mean, self._std = (
            torch.tensor(value, device=work.device)[:, None, None]
            for value in (work.pixel_mean, work.pixel_std)
        )

    def __call__(self, frames: list[Any]) -> Tensor:
        from spdl import io

        work = self._work
        pixels = io.to_torch(io.convert_frames(frames)).to(work.device, non_blocking=True)
        planar = pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=work.memory_format)
        normalised: Tensor = planar.sub_(self._mean).div_(self._std).to(work.dtype)
        return normalised


SPDL = System(
    "spdl",
    {ArrayWork: "decodes media files; has nothing for arrays in memory", JpegWork: _open_jpeg},
    "spdl",
)

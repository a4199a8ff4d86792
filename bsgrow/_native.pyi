# The compiled extension; its sources are in csrc/bindings. Errors name the argument.

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

def philox4x32_10(counter: Sequence[int], key: Sequence[int]) -> tuple[int, int, int, int]: ...
def order(
    *,
    num_samples: int,
    seed: int,
    shuffle: bool = True,
    start: int,
    stop: int,
    out: npt.NDArray[np.int64],
) -> None: ...
def order_at(
    *,
    num_samples: int,
    seed: int,
    shuffle: bool,
    positions: npt.NDArray[np.uint64],
    out: npt.NDArray[np.int64],
) -> None: ...
def load_batch(
    *,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    seed: int,
    start: int,
    stop: int,
    pad: int,
    padding: Literal["zero", "reflect"],
    flip: bool,
    cutout: int,
    scale: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    out_images: npt.NDArray[Any],
    out_labels: npt.NDArray[np.int64],
    shuffle: bool,
    num_threads: int,
) -> None: ...
def load_batch_async(
    *,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    seed: int,
    start: int,
    stop: int,
    pad: int,
    padding: Literal["zero", "reflect"],
    flip: bool,
    cutout: int,
    scale: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    out_images: npt.NDArray[Any],
    out_labels: npt.NDArray[np.int64],
    shuffle: bool,
    num_threads: int,
) -> Task: ...
def gather_async(
    *,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    seed: int,
    start: int,
    stop: int,
    out_images: npt.NDArray[np.uint8],
    out_labels: npt.NDArray[np.int64],
    shuffle: bool,
    num_threads: int,
) -> Task: ...
def fill(*, out: npt.NDArray[np.uint8], chunk_bytes: int, num_threads: int) -> None: ...
def instruction_set() -> Literal["avx512bf16", "avx512", "avx2", "baseline"]: ...
def instruction_sets() -> list[Literal["avx512bf16", "avx512", "avx2", "baseline"]]: ...

class Task:
    def wait(self) -> None: ...
    def done(self) -> bool: ...
    def cancel(self) -> None: ...

def crop_windows(
    *,
    sizes: npt.NDArray[np.int64],
    samples: npt.NDArray[np.int64],
    epochs: npt.NDArray[np.int64],
    seed: int,
    scale: tuple[float, float],
    ratio: tuple[float, float],
    log_ratio: tuple[float, float],
    flip: bool,
    out: npt.NDArray[np.int32],
) -> None: ...
def resize_pixels(
    *,
    pixels: npt.NDArray[np.uint8],
    window: npt.NDArray[np.int32],
    resize: int,
    scale: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    out_image: npt.NDArray[Any],
) -> None: ...
def read_jpeg_header(
    encoded: bytes | bytearray | memoryview,
) -> tuple[int, int, int, int, int, int, bytes, bool, int, bool]: ...
def has_jpeg_end(encoded: bytes | bytearray | memoryview) -> bool: ...
def read_orientation_tag(tiff: bytes | bytearray | memoryview) -> int: ...
def index_tar(
    *, descriptor: int, file_bytes: int, position: int
) -> tuple[bytes, bytes, bytes, bytes, bytes, int, bool]: ...
def file_lengths(
    *,
    folder: int,
    joined: bytes,
    ends: npt.NDArray[np.int64],
    out: npt.NDArray[np.int64],
    num_threads: int,
) -> None: ...
def list_images(
    *, folder: int, names: Sequence[bytes], endings: Sequence[bytes], num_threads: int
) -> list[tuple[bool, bytes, bytes, int, bytes]]: ...
def ghost_forward(
    num_samples: int,
    num_channels: int,
    num_values: int,
    channels_last: bool,
    group_size: int,
    num_threads: int,
    eps: float,
    x: int,
    weight: int,
    bias: int,
    y: int,
    statistics: int,
    sums: int,
    /,
) -> None: ...
def ghost_backward(
    num_samples: int,
    num_channels: int,
    num_values: int,
    channels_last: bool,
    group_size: int,
    num_threads: int,
    x: int,
    of_y: int,
    weight: int,
    statistics: int,
    of_x: int,
    of_weight: int,
    of_bias: int,
    /,
) -> None: ...

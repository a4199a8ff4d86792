# The compiled JPEG decoder; its sources are in csrc/bindings/jpeg. Errors name the argument.

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

class Task:
    def wait(self) -> None: ...
    def done(self) -> bool: ...
    def cancel(self) -> None: ...

class DecodeTask(Task):
    def statuses(self) -> list[tuple[str, str]]: ...

def decode_batch(
    *,
    encoded: Sequence[bytes | bytearray | memoryview],
    windows: npt.NDArray[np.int32],
    resize: int,
    scale: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    out_images: npt.NDArray[Any],
    max_pixels: int,
    scaled: bool,
    by_libjpeg: bool,
    num_threads: int,
) -> list[tuple[str, str]]: ...
def decode_batch_async(
    *,
    encoded: Sequence[bytes | bytearray | memoryview],
    windows: npt.NDArray[np.int32],
    resize: int,
    scale: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    out_images: npt.NDArray[Any],
    max_pixels: int,
    scaled: bool,
    by_libjpeg: bool,
    num_threads: int,
) -> DecodeTask: ...
def decode_only(
    *,
    encoded: Sequence[bytes | bytearray | memoryview],
    windows: npt.NDArray[np.int32],
    max_pixels: int,
    by_libjpeg: bool,
    num_threads: int,
) -> list[tuple[str, str]]: ...
def to_baseline(*, encoded: bytes | bytearray | memoryview, max_pixels: int) -> bytes: ...
def with_restarts(*, encoded: bytes | bytearray | memoryview, max_pixels: int) -> bytes: ...
def is_whole(*, encoded: bytes | bytearray | memoryview, max_pixels: int) -> bool: ...
def build_info() -> dict[str, str]: ...

# The compiled extension for CUDA devices; its sources are in csrc/bindings/cuda. Errors name the
# argument. What is on a device has __dlpack__ or __cuda_array_interface__, or is a DeviceArray or a
# DLPack capsule.

from typing import Literal, TypedDict

import numpy as np
import numpy.typing as npt

class BuildInfo(TypedDict):
    architectures: list[int]
    cuda_runtime: tuple[int, int]

class DeviceArray:
    def __init__(self, array: object, *, cuda_stream: int) -> None: ...

def load_batch(
    *,
    images: object,
    labels: object,
    seed: int,
    start: int,
    stop: int,
    pad: int,
    padding: Literal["zero", "reflect"],
    flip: bool,
    cutout: int,
    scale: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    out_images: object,
    out_labels: object,
    shuffle: bool,
    num_samples: int | None,
    cursor: object | None,
    cuda_stream: int,
) -> None: ...
def advance_cursor(*, cursor: object, count: int, cuda_stream: int) -> None: ...
def build_info() -> BuildInfo: ...
def device_capability(device: int) -> int: ...
def device_count() -> tuple[int, str]: ...

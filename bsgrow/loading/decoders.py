"""What the loader asks of a decoder of encoded images, native or DALI."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.loading.lookahead import Begun
from bsgrow.loading.settings import DecodeName
from bsgrow.loading.side_stream import SideStream


@dataclass(frozen=True)
class DecodeSettings:
    """What a decoder does with every image.

    Attributes:
        size: height and width of what it writes.
        resize: None: the window becomes that. Else its shorter side becomes this, and the middle
            of the result becomes the output.
        mean: per channel, of pixel / 255.
        std: per channel, of pixel / 255.
        decode: whether JPEGs are reduced as they are decoded; see ``DecodeName``.
        device: where the loader wants the images.
        dtype: in which it wants them: float32, float16 or bfloat16.
        memory_format: torch.contiguous_format or torch.channels_last.
        max_samples: longest chunk.
        num_threads: CPU threads.
    """

    size: int
    resize: int | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    decode: DecodeName
    device: torch.device
    dtype: torch.dtype
    memory_format: torch.memory_format
    max_samples: int
    num_threads: int


class Decoder(Protocol):
    """Decodes chunks: crop, resize, mirror, normalise, cast."""

    @property
    def side(self) -> SideStream:
        """What copies chunks to micro-batches; is told when memory is taken for one."""

    def begin(
        self, images: Sequence[memoryview], windows: NDArray[np.int32], out: Tensor
    ) -> Begun[Collection[int]]:
        """Begin to decode a chunk. Chunks are finished, or cancelled, in the order of their start.

        Args:
            images: encoded, n of them, at most ``max_samples``.
            windows: int32 [n, 5]: top, left, height, width, flipped; in the image as it is shown.
            out: written; [n, 3, size, size] on the device of the settings, in their memory format
                and dtype.

        Returns:
            What waits until every image is written that can be, and returns the rows of the others.
        """

    def decode_alone(self, image: memoryview, window: NDArray[np.int32], out: Tensor) -> str | None:
        """Decode one image at once, beside the chunks in flight, to the same bits.

        Args:
            image: encoded.
            window: int32 [1, 5].
            out: written; [1, 3, size, size].

        Returns:
            None, or the reason why it cannot be decoded.
        """

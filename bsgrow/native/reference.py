"""The sample stream in plain Python: what ``csrc`` must equal, bit for bit.

Written to be read next to the papers, not to be fast. Philox4x32-10: Salmon, Moraes, Dror, Shaw,
"Parallel random numbers: as easy as 1, 2, 3", SC 2011. Permutation: a Feistel network with cycle
walking, Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002. Cutout: DeVries
and Taylor, "Improved regularization of convolutional neural networks with cutout", 2017.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bsgrow.native.augment import Augment
from bsgrow.native.normalisation import scale_and_bias
from bsgrow.stream import SampleStream

Words = tuple[int, int, int, int]

ORDER, CROP, FLIP, CUTOUT = 0, 1, 2, 3
MASK_32 = 0xFFFFFFFF
FEISTEL_ROUNDS = 8


def philox4x32_10(counter: Sequence[int], key: Sequence[int]) -> Words:
    """One block of four random 32-bit words (Salmon et al. 2011, section 4.3)."""
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * x0, 1 << 32)
        high_1, low_1 = divmod(0xCD9E8D57 * x2, 1 << 32)
        x0, x1, x2, x3 = high_1 ^ x1 ^ k0, low_1, high_0 ^ x3 ^ k1, low_0
        k0, k1 = (k0 + 0x9E3779B9) & MASK_32, (k1 + 0xBB67AE85) & MASK_32
    return x0, x1, x2, x3


def draw(seed: int, index: int, epoch: int, operation: int) -> Words:
    """The stream's convention: key = seed, counter = (index, epoch, operation, 0)."""
    return philox4x32_10((index, epoch, operation, 0), (seed & MASK_32, seed >> 32))


def mix(x: int) -> int:
    """The round function: a 32-bit integer hash of two multiplications (Wellons' lowbias32)."""
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & MASK_32
    x = ((x ^ (x >> 15)) * 0x846CA68B) & MASK_32
    return x ^ (x >> 16)


def feistel(x: int, bits: int, keys: Sequence[int]) -> int:
    """A permutation of ``[0, 2**bits)``: each round adds a hash of one half to the other."""
    left_bits, right_bits = bits // 2, bits - bits // 2
    left, right = x >> right_bits, x & ((1 << right_bits) - 1)
    for left_key, right_key in zip(keys[::2], keys[1::2], strict=True):
        left ^= mix(right ^ left_key) & ((1 << left_bits) - 1)
        right ^= mix(left ^ right_key) & ((1 << right_bits) - 1)
    return left << right_bits | right


def permute(num_samples: int, seed: int, epoch: int, offset: int) -> int:
    """The sample at an offset of an epoch: walk the network's cycle until it is a sample."""
    keys = [*draw(seed, 0, epoch, ORDER), *draw(seed, 1, epoch, ORDER)]
    bits = (num_samples - 1).bit_length()
    x = feistel(offset, bits, keys)
    while x >= num_samples:
        x = feistel(x, bits, keys)
    return x


def crop_offsets(seed: int, sample: int, epoch: int, pad: int) -> tuple[int, int]:
    """Row and column of the window in the padded image, each uniform in ``[0, 2 * pad]``."""
    words = draw(seed, sample, epoch, CROP)
    return words[0] * (2 * pad + 1) >> 32, words[1] * (2 * pad + 1) >> 32


def is_flipped(seed: int, sample: int, epoch: int) -> bool:
    """Tell whether the window is mirrored left to right."""
    return draw(seed, sample, epoch, FLIP)[0] >> 31 == 1


def cutout_hole(
    seed: int, sample: int, epoch: int, cutout: int, height: int, width: int
) -> tuple[slice, slice]:
    """Rows and columns of the square that is blanked, clipped to the image.

    Its centre is uniform over the image, so that part of it may lie outside (DeVries and Taylor
    2017, section 3.2).
    """
    words = draw(seed, sample, epoch, CUTOUT)
    row = (words[0] * height >> 32) - cutout // 2
    column = (words[1] * width >> 32) - cutout // 2
    return slice(max(row, 0), max(row + cutout, 0)), slice(max(column, 0), max(column + cutout, 0))


def augment_image(
    image: npt.NDArray[np.uint8], augment: Augment, seed: int, sample: int, epoch: int
) -> npt.NDArray[np.uint8]:
    """Pads, crops and flips one image: uint8 ``[channels, height, width]`` in and out."""
    _, height, width = image.shape
    margins = ((0, 0), (augment.pad, augment.pad), (augment.pad, augment.pad))
    padded = np.pad(image, margins, mode="constant" if augment.padding == "zero" else "reflect")
    row, column = crop_offsets(seed, sample, epoch, augment.pad)
    window = padded[:, row : row + height, column : column + width]
    return window[:, :, ::-1] if augment.flip and is_flipped(seed, sample, epoch) else window


def normalise(
    images: npt.NDArray[np.uint8], mean: Sequence[float], std: Sequence[float]
) -> npt.NDArray[np.float32]:
    """Multiplies, rounds, adds, rounds, in float32: ``[..., channels, height, width]``."""
    scale, bias = (values[:, None, None] for values in scale_and_bias(mean, std))
    with np.errstate(over="ignore"):
        return images.astype(np.float32) * scale + bias


def cast(values: npt.NDArray[np.float32], dtype: str) -> npt.NDArray[Any]:
    """Rounds to ``float32``, ``float16`` or ``bfloat16``, to nearest with ties to even.

    bfloat16 comes as uint16 that holds its bits: the upper half of the float32's.
    """
    if dtype != "bfloat16":
        with np.errstate(over="ignore"):
            return values.astype(dtype)
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def load_batch(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    *,
    seed: int,
    start: int,
    stop: int,
    augment: Augment | None,
    mean: Sequence[float],
    std: Sequence[float],
    dtype: str,
    shuffle: bool = True,
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The images and labels that :func:`bsgrow.native.load_batch` writes into its buffers."""
    augment = augment or Augment()
    batch = np.empty((stop - start, *images.shape[1:]), dtype=np.uint8)
    samples = np.empty(stop - start, dtype=np.int64)
    kept = np.ones((stop - start, 1, *images.shape[2:]), dtype=bool)
    stream = SampleStream(len(images), seed, shuffle)
    for i, (epoch, sample) in enumerate(map(stream.__getitem__, range(start, stop))):
        batch[i] = augment_image(images[sample], augment, seed, sample, epoch)
        kept[i, 0][cutout_hole(seed, sample, epoch, augment.cutout, *images.shape[2:])] = False
        samples[i] = sample
    normalised = np.where(kept, normalise(batch, mean, std), np.float32(0))
    return cast(normalised, dtype), labels[samples]

"""Random numbers of many samples at once, each keyed by its sample as those of the kernels are."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bsgrow.stream.sample_stream import Places

_MULTIPLIERS: Final = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL: Final = 0x9E3779B9, 0xBB67AE85
_MASK: Final = np.uint64(2**32 - 1)
_HALF: Final = np.uint64(32)
_NUM_ROUNDS: Final = 10


def sample_uniforms(
    seed: int, places: Places, operation: int, number: int = 0
) -> NDArray[np.float64]:
    """Return four random numbers in (0, 1) for each sample, [4, n].

    Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") with the seed
    as key and (sample, epoch, operation, number) as counter, as the kernels draw with number 0.
    A number is in the middle of one of 2**32 intervals. What stands beside a sample changes none.

    Args:
        seed: 0 to 2**64 - 1.
        places: epochs and samples, each [n], below 2**32.
        operation: what the numbers are for.
        number: which four of it.
    """
    words = (places.samples, places.epochs, np.array([operation]), np.array([number]))
    x0, x1, x2, x3 = (np.asarray(each, np.uint64) for each in words)
    for round_number in range(_NUM_ROUNDS):
        k0, k1 = (
            np.uint64((key + round_number * step) % 2**32)
            for key, step in zip((seed, seed >> 32), _WEYL, strict=True)
        )
        product_0, product_1 = _MULTIPLIERS[0] * x0, _MULTIPLIERS[1] * x2
        x0, x2 = (product_1 >> _HALF) ^ x1 ^ k0, (product_0 >> _HALF) ^ x3 ^ k1
        x1, x3 = product_1 & _MASK, product_0 & _MASK
    drawn: NDArray[np.float64] = (np.stack([x0, x1, x2, x3]) + 0.5) / 2**32
    return drawn

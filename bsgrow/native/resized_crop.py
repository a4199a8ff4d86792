"""The windows of random crops, drawn: the thin Python face of the compiled operation.

torchvision's RandomResizedCrop draws an area, uniform in ``scale`` times the image's, and an
aspect ratio, log-uniform in ``ratio``, until the window fits, ten times at most; then it takes as
much of the middle as the ratio allows. So does :class:`bsgrow.images.crops.ResizedCrop`, with
random numbers that are a function of (seed, sample, epoch).
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bsgrow.images.crops import CentreCrop, Range, ResizedCrop
from bsgrow.native.extension import extension


def crop_windows(
    sizes: npt.NDArray[np.int64],
    samples: npt.NDArray[np.int64] | Sequence[int],
    epochs: npt.NDArray[np.int64] | Sequence[int],
    seed: int,
    crop: ResizedCrop | CentreCrop,
    flip: bool,
) -> npt.NDArray[np.int32]:
    """The window of each sample in each epoch, as a function of (seed, sample, epoch).

    Attempt i of a :class:`ResizedCrop` draws the block of operation ``16 + i``: area, log ratio,
    top, left. The flip draws that of operation 2, as :class:`bsgrow.native.Augment` does. For a
    :class:`CentreCrop` the window is the whole image; what is cut out of it after it was resized
    follows from the sizes alone (see :func:`bsgrow.native.decoding.decode_batch`).

    Args:
        sizes: int64 ``[n, 2]``, height and width of each image as it is shown; zeros give a window
            of zeros.
        samples: ``[n]``, 0 to 2**32 - 1.
        epochs: ``[n]``, 0 to 2**32 - 1.
        seed: 0 to 2**64 - 1.
        crop: how windows are drawn.
        flip: whether windows are mirrored left to right, each with probability 1/2.

    Returns:
        int32 ``[n, 5]``: top, left, height, width, and 1 where it is mirrored.

    Raises:
        ValueError: an argument is out of range; the message names it.
    """
    # A centre crop takes the flips of this call, and replaces its windows.
    drawn = crop if isinstance(crop, ResizedCrop) else ResizedCrop(crop.size)
    windows = np.empty((len(sizes), 5), np.int32)
    extension.crop_windows(
        sizes=sizes,
        samples=np.asarray(samples, np.int64),
        epochs=np.asarray(epochs, np.int64),
        seed=seed,
        scale=drawn.scale,
        ratio=drawn.ratio,
        log_ratio=log_range(drawn.ratio),
        flip=flip,
        out=windows,
    )
    if isinstance(crop, CentreCrop):
        windows[:, :2] = 0
        windows[:, 2:4] = sizes
    return windows


def log_range(ratio: Range) -> Range:
    """Logarithms of both ends, computed here alone so that no two libraries need agree on them."""
    return math.log(ratio[0]), math.log(ratio[1])

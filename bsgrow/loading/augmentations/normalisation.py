"""From normalised images to pixels in [0, 1] and back, for augmentations that are of pixels."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from bsgrow.data import Dataset
from bsgrow.data.map_style.dataset import MapDataset
from bsgrow.errors import InputError
from bsgrow.loading.augmentations.augmentation import to_device
from bsgrow.text.printable import shown


@dataclass(frozen=True)
class Normalisation:
    """How the images of a data set were normalised.

    Attributes:
        mean: of each channel, of pixels in [0, 1].
        std: of each channel.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def pixels(self, images: Tensor) -> Tensor:
        """Return the pixels of normalised images [n, C, H, W], in [0, 1]."""
        mean, std = self._beside(images)
        return (images * std + mean).clamp_(0, 1)

    def images(self, pixels: Tensor) -> Tensor:
        """Return normalised images of pixels [n, C, H, W], whose memory is written to."""
        mean, std = self._beside(pixels)
        return pixels.sub_(mean).div_(std)

    def _beside(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean, std = (
            to_device(np.array(each, np.float32)[:, None, None], images.device)
            for each in (self.mean, self.std)
        )
        return mean, std


def normalisation_of(dataset: Dataset, what: str) -> Normalisation:
    """Return that of a data set, for what is done to its pixels.

    Raises:
        InputError: the images are the user's own, whose pixels may be of any range.
    """
    if isinstance(dataset, MapDataset):
        raise InputError(
            f"augment: the pixels of data.name = {shown(dataset.name)} are taken as they are, and "
            f"{what} are of known ones",
            hint="leave these keys out, and change colours in the data set",
        )
    return Normalisation(dataset.mean, dataset.std)

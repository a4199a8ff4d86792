"""The augmentations of micro-batches, in the order in which they are done.

A new one is a new file, its keys in ``bsgrow.native.Augment``, and a line here.
"""

from collections.abc import Callable
from typing import Final

from bsgrow.data import Dataset
from bsgrow.data.map_style.dataset import MapDataset
from bsgrow.errors import InputError
from bsgrow.loading.augmentations.augmentation import Augmentation
from bsgrow.loading.augmentations.colour_jitter import colour_jitter
from bsgrow.loading.augmentations.erasing import erasing
from bsgrow.loading.augmentations.mixing import mixing
from bsgrow.loading.augmentations.rand_augment import rand_augment
from bsgrow.loading.settings import LoaderSettings
from bsgrow.text.printable import shown

Maker = Callable[[Dataset, LoaderSettings], Augmentation | None]
"""Returns what changes the training samples of a data set; None where it is off."""

MAKERS: Final[tuple[Maker, ...]] = (rand_augment, colour_jitter, erasing, mixing)


def augmentations_of(dataset: Dataset, settings: LoaderSettings) -> tuple[Augmentation, ...]:
    """Return what is done to micro-batches of a data set, in order; nothing where all is off.

    Raises:
        InputError: samples of the data set are no images with one label.
    """
    made = tuple(filter(None, (make(dataset, settings) for make in MAKERS)))
    if made and isinstance(dataset, MapDataset) and not dataset.form.is_labelled_image:
        key, value = next(iter(settings.augment.of_batches.items()))
        raise InputError(
            f"augment.{key} = {value}: is for images with one label, and a sample of data.name = "
            f"{shown(dataset.name)} is {dataset.form}",
            hint="leave it out: --set 'augment={}'",
        )
    return made

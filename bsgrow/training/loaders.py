"""The data and the loader that a recipe asks for: arrays in memory, or encoded images."""

from pathlib import Path

import torch

from bsgrow.data import Dataset, EncodedDataset, is_encoded, load_dataset, open_encoded
from bsgrow.loading import EncodedLoader, Loader, choose_array_loader, choose_decoder
from bsgrow.recipe import DataConfig, ImagesConfig, Recipe
from bsgrow.recipe.data_config import check_augment
from bsgrow.recipe.planning import open_data
from bsgrow.training.device import Precision, resolve_device

AnyDataset = Dataset | EncodedDataset


def load_data(data: DataConfig) -> AnyDataset:
    """Load or open the data set of a recipe.

    Raises:
        InputError: it is not there, or of another size than the recipe says.
        BsgrowError: it is damaged, or could not be downloaded.
    """
    dataset = open_data(data)
    if dataset is None and is_encoded(data.name):
        return open_encoded(data.name, None)  # which says how to give a path
    return dataset or load_dataset(data.name, Path(data.path) if data.path else None)


def num_channels(dataset: AnyDataset) -> int:
    """Return the channels of an image: whatever is decoded becomes red, green and blue."""
    return 3 if isinstance(dataset, EncodedDataset) else dataset.image_shape[0]


def image_shape(recipe: Recipe, dataset: AnyDataset) -> tuple[int, int, int]:
    """Return (channels, height, width) of what the network sees."""
    if not isinstance(dataset, EncodedDataset):
        return dataset.image_shape
    size = (recipe.images or ImagesConfig()).size
    return num_channels(dataset), size, size


def make_loader(
    recipe: Recipe, dataset: AnyDataset, device: torch.device, precision: Precision
) -> Loader:
    """Make the loader that suits the data.

    Raises:
        InputError: the recipe's augmentation does not fit the images.
    """
    if isinstance(dataset, EncodedDataset):
        return _encoded_loader(recipe, dataset, device, precision)
    check_augment(recipe.augment, dataset.name, *dataset.image_shape[1:])
    return choose_array_loader(
        dataset,
        recipe.augment,
        seed=recipe.run.seed,
        micro_batch_size=recipe.micro_batch_size,
        device=device,
        dtype=precision.autocast_dtype or torch.float32,
        memory_format=precision.memory_format,
        num_threads=torch.get_num_threads(),
    )


def with_decoder(recipe: Recipe, begun: Recipe) -> Recipe:
    """Write into a recipe which decoder ``auto`` stands for, as that depends on the machine.

    Args:
        recipe: as resolved but for that.
        begun: that of the run to go on with, whose decoder it keeps; or the recipe itself.

    Raises:
        InputError: the device is not there.
    """
    if recipe.data.decoder != "auto" or not is_encoded(recipe.data.name):
        return recipe
    decoder = choose_decoder(begun.data.decoder, resolve_device(recipe.run.device))
    data = recipe.data.model_copy(update={"decoder": decoder})
    return recipe.model_copy(update={"data": data})


def _encoded_loader(
    recipe: Recipe, dataset: EncodedDataset, device: torch.device, precision: Precision
) -> EncodedLoader:
    images = recipe.images or ImagesConfig()
    return EncodedLoader(
        dataset,
        images.crop,
        images.centre_crop,
        recipe.augment.flip,
        seed=recipe.run.seed,
        micro_batch_size=recipe.micro_batch_size,
        device=device,
        dtype=precision.autocast_dtype or torch.float32,
        memory_format=precision.memory_format,
        num_threads=torch.get_num_threads(),
        decoder=recipe.data.decoder,
        on_error=recipe.data.on_error,
    )

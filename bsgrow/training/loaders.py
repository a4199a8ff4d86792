"""The data and the loader that a recipe asks for."""

from pathlib import Path

import torch

from bsgrow.data import Dataset, find_spec
from bsgrow.data.map_style.dataset import MapDataset
from bsgrow.data.sample_form import SampleForm
from bsgrow.loading import Loader, LoaderSettings, choose_decoder, make_loader
from bsgrow.loading.loader import WHOLE
from bsgrow.recipe import DataConfig, ImagesConfig, Recipe
from bsgrow.recipe.data_config import check_augment, shown_shape
from bsgrow.recipe.planning import open_data
from bsgrow.stream import Share
from bsgrow.training.device import Precision, resolve_device


def load_data(data: DataConfig) -> Dataset:
    """Load or open the data set of a recipe.

    Raises:
        InputError: it is not there, or of another size than the recipe says.
        BsgrowError: it is damaged, or could not be downloaded.
    """
    path = Path(data.path) if data.path else None
    spec = data.spec or find_spec(data.name)
    return open_data(data) or spec.open(path, data.test_fraction)


def loader_of(
    recipe: Recipe,
    dataset: Dataset,
    device: torch.device,
    precision: Precision,
    share: Share = WHOLE,
) -> Loader:
    """Make the loader of a share of a recipe's updates.

    Raises:
        InputError: the recipe's augmentation does not fit the images.
    """
    form = form_of(dataset, recipe.images)
    if form.is_image:
        check_augment(recipe.augment, dataset.name, *form.shape)
    images = recipe.images or ImagesConfig()
    settings = LoaderSettings(
        augment=recipe.augment,
        crop=images.crop,
        centre_crop=images.centre_crop,
        decode=images.decode,
        seed=recipe.run.seed,
        micro_batch_size=recipe.micro_batch_size,
        device=device,
        dtype=precision.autocast_dtype or torch.float32,
        memory_format=precision.memory_format,
        num_threads=torch.get_num_threads(),
        num_workers=recipe.run.num_workers,
        share=share,
        decoder=recipe.data.decoder,
        on_error=recipe.data.on_error,
    )
    return make_loader(dataset, settings)


def form_of(dataset: Dataset, images: ImagesConfig | None) -> SampleForm:
    """Return what a model is given of a data set's samples, and what it is to tell of them."""
    if isinstance(dataset, MapDataset):
        return dataset.form
    return SampleForm(shown_shape(dataset, images))


def with_decoder(recipe: Recipe, begun: Recipe) -> Recipe:
    """Write into a recipe which decoder ``auto`` stands for, as that depends on the machine.

    Args:
        recipe: as resolved but for that.
        begun: that of the run to go on with, whose decoder it keeps; or the recipe itself.

    Raises:
        InputError: the device is not there.
    """
    if recipe.data.decoder != "auto" or not recipe.data.takes("data.decoder"):
        return recipe
    decode = (recipe.images or ImagesConfig()).decode
    decoder = choose_decoder(begun.data.decoder, resolve_device(recipe.run.device), decode)
    data = recipe.data.model_copy(update={"decoder": decoder})
    return recipe.model_copy(update={"data": data})

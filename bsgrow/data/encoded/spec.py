"""The data sets of encoded images that a recipe can name: layouts on disk, and sets in any of them.

A new layout is a file that makes a split of it, and a line here.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NoReturn

from bsgrow.data.spec import DatasetSpec, Shape
from bsgrow.data.user_path import existing_folder
from bsgrow.errors import InputError
from bsgrow.text.printable import printable
from bsgrow.validation.registry import Registry

if TYPE_CHECKING:  # imported where they are used, as planning needs none of it
    from bsgrow.data.encoded.dataset import EncodedDataset
    from bsgrow.data.encoded.held_out import ClassedSplit

# Per channel, of pixel / 255: the values in common use for photographs since torchvision's
# reference training (github.com/pytorch/examples, imagenet/main.py).
PHOTOGRAPH_MEAN = (0.485, 0.456, 0.406)
PHOTOGRAPH_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, kw_only=True)
class EncodedSpec(DatasetSpec):
    """A data set whose samples stay encoded images until they are shown."""

    num_samples: int | None = None
    num_test_samples: int | None = None
    num_classes: int | None = None
    usual_shape: Shape | None = None
    mean: tuple[float, ...] = PHOTOGRAPH_MEAN
    std: tuple[float, ...] = PHOTOGRAPH_STD

    takes: ClassVar[frozenset[str]] = frozenset({"images", "data.decoder", "data.on_error"})
    if_one_class: ClassVar[str] = (
        "a class is a folder; where the classes are folders inside this one, give it as data.path"
    )

    @property
    def image_shape(self) -> None:
        """None: each image has its own."""

    def look(self, path: Path, test_fraction: float | None = None) -> "EncodedDataset":
        """Open it, as that reads no image."""
        return self.open(path, test_fraction)

    def open(self, path: Path | None, test_fraction: float | None = None) -> "EncodedDataset":
        """List it and check it; reads no image."""
        dataset = self._open(path, test_fraction)
        if dataset.num_classes == 1:
            raise InputError(
                f"data.path = {str(path)!r}: all images are of one class, "
                f"{printable(dataset.class_names[0])}, so that there is nothing to tell apart",
                hint=self.if_one_class,
            )
        return dataset

    def fetch(self, path: Path | None = None, *, download: bool = True) -> NoReturn:
        """Raise InputError: it is neither read into memory nor downloaded."""
        raise InputError(
            f"data.name = {self.name!r}: its samples are encoded images, which bsgrow cannot "
            "download",
            hint="set data.path in the recipe to where they are, and `bsgrow train` reads them",
        )

    @abstractmethod
    def _open(self, path: Path | None, test_fraction: float | None) -> "EncodedDataset":
        """Return it, of however many classes."""


@dataclass(frozen=True, kw_only=True)
class NamedEncodedSpec(EncodedSpec):
    """A set of known figures, in whichever layout it lies."""

    num_samples: int
    num_test_samples: int
    num_classes: int
    usual_shape: Shape

    def _open(self, path: Path | None, test_fraction: float | None) -> "EncodedDataset":
        if path is not None:
            existing_folder(path)  # before NumPy is imported
        from bsgrow.data.encoded.named import open_named

        return open_named(self, path)


@dataclass(frozen=True, kw_only=True)
class LayoutSpec(EncodedSpec):
    """Whatever images lie on disk in one layout.

    Args:
        open_split: reads what is needed of one split, given its folder.
        names_classes: whether it says how many classes there are; else the largest label does.
    """

    open_split: Callable[[Path], "ClassedSplit"]
    names_classes: bool = True

    takes: ClassVar[frozenset[str]] = EncodedSpec.takes | {"data.test_fraction"}

    @property
    def identity(self) -> str:
        """Of all layouts one: the fingerprint says whether the images are the same."""
        return "encoded images"

    def _open(self, path: Path | None, test_fraction: float | None) -> "EncodedDataset":
        existing_folder(path)  # before NumPy is imported
        from bsgrow.data.encoded.opening import load_encoded

        return load_encoded(self.name, path, test_fraction)


def _folder(folder: Path) -> "ClassedSplit":
    from bsgrow.data.folder.split import ImageFolderSplit

    return ImageFolderSplit(folder)


def _shards(folder: Path) -> "ClassedSplit":
    from bsgrow.data.shards import open_shards

    return open_shards(folder)


def _webdataset(folder: Path) -> "ClassedSplit":
    from bsgrow.data.encoded.webdataset import WebDatasetSplit

    return WebDatasetSplit(folder)


LAYOUTS: Registry[LayoutSpec] = Registry("layout of encoded images")
for _spec in (
    LayoutSpec(
        name="folder",
        description="images at data.path, one directory a class",
        open_split=_folder,
    ),
    LayoutSpec(
        name="shards",
        description="packed images at data.path, by bsgrow data pack",
        open_split=_shards,
    ),
    LayoutSpec(
        name="webdataset",
        description="tars at data.path, key.jpg beside key.cls",
        open_split=_webdataset,
        names_classes=False,
    ),
):
    LAYOUTS.register(_spec.name, _spec)

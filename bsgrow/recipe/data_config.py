"""``[data]`` and ``[images]``: where the samples come from, and what is shown of them."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PositiveInt,
    model_validator,
)

from bsgrow.data import DATASETS, Dataset, DatasetSpec, spec_of
from bsgrow.errors import InputError, did_you_mean
from bsgrow.images.crops import MAX_SIDE, CentreCrop, ResizedCrop
from bsgrow.native import Augment
from bsgrow.recipe.section import Section
from bsgrow.text.path_text import from_text, to_text
from bsgrow.text.printable import cut, shown
from bsgrow.user_code.names import check_name, is_user_code
from bsgrow.validation.quantity import Quantity

PathText = Annotated[
    str, AfterValidator(from_text), PlainSerializer(to_text, when_used="json-unless-none")
]
"""A path, which in TOML and JSON is text though it may be no UTF-8."""


class DataConfig(Section):
    """``[data]``: where the samples come from."""

    model_config = ConfigDict(extra="allow")

    name: str
    """A data set that ``bsgrow data list`` shows, or ``package.module:function`` for what that
    returns, whose arguments are the keys that no other data has; or any name where num_samples is
    given."""

    path: PathText | None = None
    """Folder or archive with the files of the data set; found or downloaded where absent.
    Encoded images are in its folders ``train`` and ``val``, or in one folder of class folders, of
    which test_fraction is held out."""

    test_fraction: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Part of the encoded images that is held out, such as 0.1, where path holds no ``val`` or
    ``test``. Which ones, their names decide: the same on every machine, as folder and as shards."""

    num_samples: Annotated[PositiveInt | None, Quantity("samples")] = None
    """Size of the training set, to plan for a set that bsgrow does not know."""

    decoder: Literal["auto", "native", "dali"] = "auto"
    """What decodes encoded images. ``auto`` is ``dali``, where that is installed, on a CUDA device
    and, if bsgrow was built without libjpeg-turbo, on the CPU; else ``native``. A run keeps what it
    began with."""

    on_error: Literal["raise", "skip"] = "raise"
    """What an encoded image that cannot be used does: end the run, or let the next one in the
    order of the files stand in for it, which the summary counts."""

    @property
    def spec(self) -> DatasetSpec | None:
        """What is known of the data set; None where it is one that bsgrow does not know."""
        return spec_of(self.name, self.arguments)

    @property
    def arguments(self) -> dict[str, Any]:
        """What a function of the user is called with: the keys that no other data has."""
        return dict(self.model_extra or {})

    @model_validator(mode="after")
    def _only_functions_take_arguments(self) -> Self:
        if is_user_code(self.name):
            check_name(self.name, "data.name")
            return self
        for key, value in self.arguments.items():
            raise InputError(
                f"data.{cut(key)} = {shown(value)}: there is no such key",
                did_you_mean(key, type(self).model_fields),
            )
        return self

    def takes(self, key: str) -> bool:
        """Whether a key that is not for all data, such as ``"images"``, is for this one."""
        return self.spec is not None and key in self.spec.takes


class ImagesConfig(Section):
    """``[images]``: what the network sees of encoded images, whose sizes differ."""

    size: Annotated[int, Quantity("pixels", least=1, most=MAX_SIDE)] = 224
    """Height and width in pixels that the network sees, in training and in evaluation."""

    scale: tuple[float, float] = (0.08, 1.0)
    """Smallest and largest part of an image's area that a random crop takes, in training."""

    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    """Smallest and largest width / height of a random crop."""

    resize: Annotated[int | None, Quantity("pixels", least=1, most=MAX_SIDE)] = None
    """Pixels that the shorter side becomes in evaluation, before the middle is cut out; 8/7 of
    size where absent, as 256 goes with 224."""

    decode: Literal["exact", "scaled"] = "exact"
    """How JPEGs are decoded: in full, or ``scaled``: at a half, a quarter or an eighth of their
    size where a crop then has as many pixels as the network sees, or more. Other pixels, in less
    time for large photographs; by ``native``, which ``auto`` then is."""

    @model_validator(mode="after")
    def _crops_build(self) -> Self:
        try:
            self.crop, self.centre_crop  # noqa: B018 - their own checks run when they are built
        except InputError as error:
            raise InputError(f"images.{error.message}", error.hint) from error
        return self

    @property
    def crop(self) -> ResizedCrop:
        """The random crop of a training sample."""
        return ResizedCrop(self.size, self.scale, self.ratio)

    @property
    def centre_crop(self) -> CentreCrop:
        """What is shown of a held-out sample."""
        usual = min(round(self.size * 8 / 7), MAX_SIDE)
        return CentreCrop(self.size, usual if self.resize is None else self.resize)


def image_shape(data: DataConfig, images: ImagesConfig | None) -> tuple[int, ...] | None:
    """Return (channels, height, width) of what the network sees; None where only the data say."""
    spec = data.spec
    is_known = spec is not None and (spec.image_shape is not None or "images" in spec.takes)
    return shown_shape(spec, images) if spec is not None and is_known else None


def shown_shape(dataset: Dataset | DatasetSpec, images: ImagesConfig | None) -> tuple[int, ...]:
    """Return (channels, height, width) of what the network sees of a data set of images."""
    size = (images or ImagesConfig()).size
    return dataset.image_shape or (len(dataset.mean), size, size)


def check_augment(augment: Augment, name: str, channels: int, height: int, width: int) -> None:
    """Check that an augmentation fits the images of a data set; raises InputError."""
    if channels != 3 and (augment.saturation or augment.hue):
        raise InputError(
            f"augment.saturation = {augment.saturation}, augment.hue = {augment.hue}: the images "
            f"of {name} have {channels} channel{'s' * (channels > 1)}, and no colours",
            hint="leave both out; brightness and contrast are for any image",
        )
    side = min(height, width)
    size = f"the images of {name} are {height}×{width} pixels"
    if augment.pad >= side:
        raise InputError(
            f"augment.pad = {augment.pad}: {size}",
            hint=f"at most {side - 1} pixels can be added on each side",
        )
    if augment.cutout > side:
        raise InputError(
            f"augment.cutout = {augment.cutout}: {size}",
            hint=f"the square that is blanked can be at most {side} pixels wide",
        )


def check_keys_of_data(
    data: DataConfig, augment: Augment, images: ImagesConfig | None, num_workers: int | None
) -> None:
    """Check that the keys given are of the kind of data given: arrays, or encoded images, or own.

    Raises:
        InputError: one would be without effect; the message names it.
    """
    if data.spec is None:
        return
    for key, (value, unset) in _keys_of_kinds(data, augment, images).items():
        if value != unset and not data.takes(key):
            message = f"{key} = {value!r}: has no effect with data.name = {data.name!r}"
            raise InputError(message, _keys_instead(data))
    if num_workers is not None and not data.takes("run.num_workers"):
        raise InputError(
            f"run.num_workers = {num_workers}: has no effect with data.name = {data.name!r}",
            "threads read it, as many as run.num_threads says; workers read map-style data sets",
        )


def _keys_of_kinds(
    data: DataConfig, augment: Augment, images: ImagesConfig | None
) -> dict[str, tuple[object, object]]:
    """Return the keys that are not for all data, each with its value and that of leaving it out."""
    of_arrays = ("pad", "padding", "cutout")
    return {
        **{f"augment.{key}": (getattr(augment, key), getattr(Augment(), key)) for key in of_arrays},
        "data.decoder": (data.decoder, "auto"),
        "data.on_error": (data.on_error, "raise"),
        "images": (images and images.model_dump(exclude_unset=True), None),
        "data.test_fraction": (data.test_fraction, None),
    }


def _keys_instead(data: DataConfig) -> str:
    if data.takes("images"):
        return "encoded images are cropped as [images] says: size, scale, ratio and resize"
    of_images = [spec for spec in DATASETS.values() if "images" in spec.takes]
    of_images.sort(key=lambda spec: spec.num_samples or 0)  # those of any size first
    names = ", ".join(spec.name for spec in of_images)
    return f"it is for data.name = {names}; arrays take [augment] pad and cutout"

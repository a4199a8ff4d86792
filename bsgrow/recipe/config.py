"""What a recipe holds: one training run, as frozen tables checked when they are read."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from bsgrow.errors import InputError
from bsgrow.models import check_has_blocks, check_images_fit, check_model
from bsgrow.native import Augment
from bsgrow.recipe.curve import check_curve
from bsgrow.recipe.data_config import (
    DataConfig,
    ImagesConfig,
    PathText,
    check_augment,
    check_keys_of_data,
    image_shape,
)
from bsgrow.recipe.optimizer_config import OptimizerConfig
from bsgrow.recipe.origins import ORIGINS
from bsgrow.recipe.run_config import RunConfig
from bsgrow.recipe.section import Section
from bsgrow.schedule import Growth, Reference
from bsgrow.schedule.config import PART, part_of
from bsgrow.validation.quantity import Quantity

_DEFAULT_MICRO_BATCH = 256  # keeps a small GPU busy, and fits the memory of a laptop


class ModelConfig(Section):
    """``[model]``: the architecture and its own arguments, such as depth and width."""

    model_config = ConfigDict(extra="allow")

    name: str
    """An architecture of ``bsgrow.models``."""

    freeze: tuple[str, ...] = ()
    """Globs of parameters, or of modules with all in them, that stay as they are, such as
    ``["layer[12]"]``; their batch norms keep their running statistics and normalise by them, as by
    timm's ``freeze``. None by default; names are looked for where the model is built."""

    gradient_checkpointing: bool = False
    """Whether the backward pass computes the blocks of the model again, in place of keeping what
    they made: less memory for a second forward pass, to the same bits. Of your own model by its
    ``set_grad_checkpointing``, as timm's have it, or ``gradient_checkpointing_enable``."""

    weights: PathText | None = None
    """A file of weights to begin with, ``.safetensors`` or a ``state_dict`` of torch's, by the
    names of torchvision or timm, or of a run: its exported model, or a checkpoint, of which the
    averaged weights are taken where it has them. A head of
    another number of classes is made new; all else has to fit. Absent: random weights."""

    weights_digest: str | None = None
    """SHA-256 of the file ``weights``, written for you where a run begins: it goes on without the
    file, and not with another one."""

    @property
    def arguments(self) -> dict[str, Any]:
        """The keys that are arguments of the architecture."""
        return dict(self.model_extra or {})

    @model_validator(mode="after")
    def _is_a_model(self) -> Self:
        check_model(self.name, self.arguments, type(self).model_fields)
        if self.gradient_checkpointing:
            check_has_blocks(self.name)
        return self


class LossConfig(Section):
    """``[loss]``: the cross-entropy that training minimises; evaluation takes it as it is."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of each training label that is spread evenly over all classes, such as 0.1
    (arXiv 1512.00567, section 7); the training loss that is reported has it too."""


class ScheduleConfig(Section):
    """``[schedule]``: the run as published, before any growth."""

    epochs: Annotated[float, Quantity("epochs", above=0)]
    """Length of the run in passes over the training set."""

    lr: Annotated[float, Quantity(above=0)]
    """Base learning rate."""

    global_batch_size: Annotated[int, Quantity("samples", least=1)]
    """Samples per parameter update."""

    batch_limit: Annotated[str | None, Quantity(pattern=PART)] = None
    """Part of the training set, such as ``"N/10"``, that global_batch_size is lowered to where it
    is above, and ghost and micro-batch with it; lr is lowered alike, by the root for Adam, so that
    the noise scale stays, and the constants that growth.rescale names go with it."""

    curve: Mapping[str, Any] = Field(default={"name": "ConstantLR", "factor": 1.0})
    """The learning-rate schedule, by torch's name and arguments."""

    unit: Literal["epochs", "samples", "updates", "tokens"] = "epochs"
    """What the positions of the curve count; updates are those of the run as published."""

    tokens_per_sample: Annotated[int | None, Quantity("tokens", least=1)] = None
    """Length of a sample in tokens, for ``unit = "tokens"``."""

    hold: Literal["epoch"] | None = None
    """``epoch`` keeps the curve constant within an epoch, as code does that steps its scheduler
    once an epoch."""

    @field_validator("batch_limit")
    @classmethod
    def _is_a_part(cls, limit: str | None) -> str | None:
        if limit is not None:
            part_of(limit, 1, "schedule.batch_limit")
        return limit

    @model_validator(mode="after")
    def _positions_stay(self) -> Self:
        if self.batch_limit is not None and self.unit == "updates":
            raise InputError(
                'schedule.unit = "updates": there would be more of them in an epoch where '
                f"schedule.batch_limit = {self.batch_limit!r} lowers the batch",
                hint='give positions in epochs, schedule.unit = "epochs", or in samples',
            )
        return self


class Recipe(Section):
    """One training run; every table is a section of the TOML file.

    ``[schedule]`` is the run as published and ``[growth]`` how to spend it in batch size.
    """

    description: str = ""
    """One line on what the recipe is and where its figures come from."""

    time: str = ""
    """How long a run takes, roughly, and on what; reckoned from the operations of its model where
    no run of it was measured."""

    data: DataConfig
    """A table: where the samples come from, such as ``data = { name = "cifar10" }``."""

    augment: Augment = Augment()
    """A table: what is done to an image at random, such as ``augment = { pad = 4 }``."""

    images: ImagesConfig | None = None
    """A table: what the network sees of encoded images, such as ``images = { size = 224 }``."""

    model: ModelConfig
    """A table: the architecture, such as ``model = { name = "wide_resnet", depth = 16 }``."""

    optimizer: OptimizerConfig = OptimizerConfig.model_construct()
    """A table: torch's optimizer, such as ``optimizer = { name = "sgd", momentum = 0.9 }``."""

    loss: LossConfig = LossConfig.model_construct()
    """A table: the loss of training, such as ``loss = { label_smoothing = 0.1 }``."""

    schedule: ScheduleConfig
    """A table: the run as published, with ``epochs``, ``lr``, ``global_batch_size`` and mostly
    a ``curve``."""

    growth: Growth = Growth()
    """A table: how the decay is spent in batch size, such as ``growth = { mode = "grow" }``."""

    run: RunConfig = RunConfig.model_construct()
    """A table: how the plan is carried out, such as ``run = { seed = 0 }``."""

    sources: Mapping[str, str] = Field(default={})
    """A table: where a value comes from, by its key, such as ``sources = { "schedule.lr" = "ours"
    }``."""

    inherited: Mapping[str, tuple[str, ...]] = Field(default={})
    """A table that is written for you: by recipe, the keys that were taken from it by
    ``extends``."""

    made_from: str = ""
    """Name or path of the recipe that these keys were read from by ``extends``; written for you."""

    def __eq__(self, other: object) -> bool:
        """Whether it is the same recipe, written out or by inheritance."""
        if not isinstance(other, Recipe):
            return NotImplemented
        return all(getattr(self, key) == getattr(other, key) for key in _OWN_KEYS)

    @model_validator(mode="after")
    def _schedule_fits_optimizer(self) -> Self:
        optimizer, momentum = self.optimizer.kind, self.growth.momentum
        if momentum is not None and optimizer.has_momentum and not optimizer.momentum_lengthens:
            raise InputError(
                f"growth.momentum = {momentum}: the step of {optimizer.torch_name} is as long at "
                "any momentum, so that B ∝ 1/(1 − m) does not hold",
                hint="leave growth.momentum out; scale growth.lr_scale",
            )
        if not optimizer.has_momentum and momentum is not None:
            raise InputError(
                f"growth.momentum = {momentum}: {optimizer.torch_name} has no momentum coefficient",
                hint='B ∝ 1/(1 − m) holds for optimizer.name = "sgd"; scale growth.lr_scale',
            )
        reference = self.reference  # its own checks run when it is built
        check_curve(reference.lr, reference.curve)
        return self

    @model_validator(mode="after")
    def _tables_fit_data(self) -> Self:
        check_keys_of_data(self.data, self.augment, self.images, self.run.num_workers)
        shape = image_shape(self.data, self.images)
        if shape is not None:
            check_augment(self.augment, self.data.name, *shape)
            check_images_fit(self.model.name, *shape[1:])
        return self

    @property
    def reference(self) -> Reference:
        """The schedule as published, with the momentum of its optimizer."""
        schedule = dict(self.schedule)
        del schedule["batch_limit"]  # `fit` has lowered the batch, once N is known
        return Reference(**schedule, momentum=self.optimizer.momentum)

    @property
    def ghost_batch_size(self) -> int:
        """Samples per ghost batch, resolved."""
        return self.run.ghost_batch_size or min(128, self.schedule.global_batch_size)

    @property
    def micro_batch_size(self) -> int:
        """Samples per micro-batch, whole ghost batches; the default until ``auto`` is measured."""
        if isinstance(self.run.micro_batch_size, int):
            return self.run.micro_batch_size
        return self.default_micro_batch_size

    @property
    def default_micro_batch_size(self) -> int:
        """What is taken where ``run.micro_batch_size`` is absent: 256, in whole ghost batches."""
        return whole_ghosts(_DEFAULT_MICRO_BATCH, self.ghost_batch_size)

    @property
    def min_samples_per_device(self) -> int:
        """Samples of each process where another one pays, resolved: a micro-batch by default."""
        return self.run.min_samples_per_device or self.micro_batch_size


def whole_ghosts(num_samples: int, ghost_batch_size: int) -> int:
    """Return so many samples or fewer that make whole ghost batches, of which one at least."""
    return max(1, num_samples // ghost_batch_size) * ghost_batch_size


_OWN_KEYS = tuple(key for key in Recipe.model_fields if key not in ORIGINS)

"""``[optimizer]``: what updates the parameters, besides the learning rate."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from bsgrow.errors import InputError
from bsgrow.recipe.section import Section
from bsgrow.schedule.optimizers import OPTIMIZERS, OptimizerKind

if TYPE_CHECKING:
    OptimizerName = str
else:
    OptimizerName = Literal[tuple(OPTIMIZERS)]


class OptimizerConfig(Section):
    """``[optimizer]``: what updates the parameters; the learning rate is the schedule's."""

    name: OptimizerName = "sgd"
    """``sgd`` (with momentum and nesterov as given), ``adam``, ``adamw`` or ``nadam``; ``muon``
    with a momentum, for hidden matrices, and AdamW; ``lars`` (arXiv 1708.03888) or ``lamb``
    (1904.00962), which need ``pip install 'bsgrow[optimizers]'``."""

    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Momentum coefficient m of SGD, LARS and Muon."""

    nesterov: bool = False
    """Whether the momentum is Nesterov's."""

    betas: tuple[float, float] = (0.9, 0.999)
    """Decay of Adam's two averages of the gradient."""

    eps: Annotated[float, Field(gt=0)] = 1e-8
    """Added to Adam's denominator."""

    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """On every parameter: an L2 penalty for SGD and Adam; of AdamW each update takes
    lr · weight_decay off it, apart from the gradient, and less in all where there are fewer."""

    decay_exempt: tuple[str, ...] = ()
    """What has no weight decay: ``"bias"``, every bias; ``"norm"``, the parameters of norms and
    other vectors, as timm leaves out both; or globs of parameters or modules, such as
    ``"pos_embed"``. Nothing by default."""

    head_lr_scale: Annotated[float, Field(gt=0, le=1e6)] = 1.0
    """The learning rate of the head, the layer that tells the classes, over that of the rest, above
    0; 10 for one that is new on a model that is not. 1 by default. Which layer it is, the run says:
    that of ``get_classifier()``, else the last with a row of weights for each class."""

    clip_norm: Annotated[float, Field(gt=0)] | None = None
    """Length, in the Euclidean norm over all parameters, that the mean gradient of an update is
    shortened to where it is longer; that of the whole update, on however many processes. None
    where absent."""

    ema_decay: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay β of an average of the weights, between 0 and 1, such as 0.999: an update of
    schedule.global_batch_size samples leaves β of it and adds 1 − β of the new weights; one of κ
    times the samples leaves β^κ, so that the average remembers as many samples (arXiv 2307.13813).
    It begins as the weights that training begins with. The run is evaluated, exported and judged by
    the average; training is not changed by it. None is kept where absent."""

    @property
    def kind(self) -> OptimizerKind:
        """What the name stands for."""
        return OPTIMIZERS[self.name]

    @field_validator("betas")
    @classmethod
    def _betas_below_one(cls, betas: tuple[float, float]) -> tuple[float, float]:
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError("each must be at least 0 and below 1")
        return betas

    @model_validator(mode="after")
    def _momentum_fits(self) -> Self:
        if not self.kind.has_momentum and (self.momentum or self.nesterov):
            raise InputError(
                f"optimizer.momentum = {self.momentum}, optimizer.nesterov = {self.nesterov}: "
                f"{self.kind.torch_name} has neither",
                hint=f"{self.kind.torch_name} takes optimizer.betas; momentum belongs to "
                'optimizer.name = "sgd"',
            )
        if self.name == "muon" and not self.momentum:
            raise InputError(
                "optimizer.momentum = 0.0: Muon makes its step of a momentum",
                hint="set optimizer.momentum = 0.95 and optimizer.nesterov = true, as torch does",
            )
        if self.nesterov and not self.momentum:
            raise InputError(
                "optimizer.nesterov = true: needs an optimizer.momentum above 0",
                hint="set optimizer.momentum = 0.9, or leave optimizer.nesterov out",
            )
        return self

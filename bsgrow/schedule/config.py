"""What goes into a plan: the schedule as published, and how to spend it in batch size."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from bsgrow.errors import InputError
from bsgrow.schedule.curves import Curve, build_curve


@dataclass(frozen=True)
class Reference:
    """The training run as published: fixed batch, decaying learning rate."""

    epochs: float
    """Length of the run in passes over the training set."""

    lr: float
    """Base learning rate ε₀ of the curve."""

    global_batch_size: int
    """Samples per parameter update, over all ranks and accumulation steps."""

    momentum: float = 0.0
    """Momentum coefficient m; 0 for plain SGD and for Adam, whose step is not ε/(1 − m)."""

    curve: Mapping[str, Any] = field(default_factory=lambda: {"name": "ConstantLR", "factor": 1.0})
    """Name and keyword arguments of the learning-rate curve, as in ``build_curve``."""

    def __post_init__(self) -> None:
        _require_positive("schedule.epochs", self.epochs)
        _require_positive("schedule.lr", self.lr)
        _require_positive("schedule.global_batch_size", self.global_batch_size)
        _require_momentum("optimizer.momentum", self.momentum)

    def build_curve(self) -> Curve:
        """Build the curve of learning rates over epochs."""
        arguments = {key: value for key, value in self.curve.items() if key != "name"}
        return build_curve(self.lr, self.curve["name"], arguments)


@dataclass(frozen=True)
class Growth:
    """How the decay of the reference is spent in batch size instead."""

    # How a recipe's table is read; a plain dictionary, so that nothing is imported here.
    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    mode: Literal["decay", "hybrid", "grow"] = "grow"
    """``decay`` leaves the batch alone, ``grow`` replaces every decay of the learning rate up to
    ``max_batch_size``, ``hybrid`` replaces the first one only."""

    max_batch_size: int | None = None
    """Largest global batch size; past it the rest of the decay goes into the learning rate.
    The paper uses about N/10."""

    lr_scale: float = 1.0
    """Multiplies the learning rate and, at the same noise scale, the batch: B ∝ ε."""

    momentum: float | None = None
    """Momentum coefficient of the plan where it differs from the reference's: B ∝ 1/(1 − m)."""

    multiple_of: int = 1
    """Every batch but the last of the run is a multiple of this many samples."""

    def __post_init__(self) -> None:
        if self.max_batch_size is not None:
            _require_positive("growth.max_batch_size", self.max_batch_size)
        _require_positive("growth.lr_scale", self.lr_scale)
        _require_positive("growth.multiple_of", self.multiple_of)
        if self.momentum is not None:
            _require_momentum("growth.momentum", self.momentum)


def _require_positive(key: str, value: float) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise InputError(f"{key} = {value}: must be a finite number above 0")


def _require_momentum(key: str, value: float) -> None:
    if not 0 <= value < 1:
        raise InputError(f"{key} = {value}: must be at least 0 and below 1")

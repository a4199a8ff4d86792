"""What goes into a plan: the schedule as published, and how to spend it in batch size."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from bsgrow.errors import InputError
from bsgrow.schedule.curves import Curve, build_curve
from bsgrow.schedule.rules import RULES, Rule
from bsgrow.schedule.typed import require_integer, require_one_of, require_real, require_table
from bsgrow.text.printable import cut
from bsgrow.validation.annotated import checked_class
from bsgrow.validation.quantity import Quantity

RESCALED = ("ema_decay", "adam", "weight_decay", "batch_norm")
"""Constants that count updates, which go with the batch; see ``bsgrow.schedule.rescaling``."""

if TYPE_CHECKING:
    RuleName = str
    Constant = str
else:
    RuleName = Literal[tuple(RULES)]
    Constant = Literal[RESCALED]

PART = "^N/([1-9][0-9]{0,8})$"
"""A part of the training set, as a user writes it."""

_LONGEST_PART = 80  # characters of a wrong value that an error shows


@checked_class("schedule.", momentum="optimizer.momentum")
@dataclass(frozen=True)
class Reference:
    """The training run as published: fixed batch, scheduled learning rate."""

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

    unit: Literal["epochs", "samples", "updates", "tokens"] = "epochs"
    """What the positions of the curve count; updates are those of the run as published."""

    tokens_per_sample: int | None = None
    """Length of a sample in tokens, for ``unit = "tokens"``."""

    hold: Literal["epoch"] | None = None
    """``epoch`` keeps the curve constant within an epoch, as code does that steps its scheduler
    once an epoch; absent, it is evaluated where an update starts."""

    def __post_init__(self) -> None:
        _require_positive("schedule.epochs", self.epochs)
        _require_positive("schedule.lr", self.lr)
        _require_positive_integer("schedule.global_batch_size", self.global_batch_size)
        _require_momentum("optimizer.momentum", self.momentum)
        require_table("schedule.curve", self.curve)
        require_one_of("schedule.unit", self.unit, ("epochs", "samples", "updates", "tokens"))
        if self.hold is not None:
            require_one_of("schedule.hold", self.hold, ("epoch",))
        if self.tokens_per_sample is not None:
            _require_positive_integer("schedule.tokens_per_sample", self.tokens_per_sample)
        elif self.unit == "tokens":
            raise InputError(
                'schedule.unit = "tokens": needs schedule.tokens_per_sample',
                hint="a sample is one sequence; give its length in tokens",
            )

    def build_curve(self) -> Curve:
        """Build the curve of learning rates over positions."""
        return build_curve(self.lr, self.curve)


@checked_class("growth.")
@dataclass(frozen=True)
class Growth:
    """How the decay of the reference is spent in batch size instead."""

    # How a recipe's table is read; a plain dictionary, so that nothing is imported here.
    __pydantic_config__: ClassVar = {
        "extra": "forbid",
        "strict": True,
    }

    mode: Literal["decay", "hybrid", "grow"] = "grow"
    """``decay`` leaves the batch alone, ``grow`` replaces every decay of the learning rate up to
    ``max_batch_size``, ``hybrid`` replaces the first one only: the first milestone of a step
    curve, the first level of a smooth one."""

    rule: RuleName = "linear"
    """What is held: ``linear`` ε/B (the paper's, for SGD), ``sqrt`` ε/√B (for Adam)."""

    factor: Annotated[float | str | None, Quantity(above=1, pattern="^continuous$")] = None
    """The batch grows in levels of this ratio, and the learning rate absorbs what is between
    them; ``continuous`` has no levels: the batch is new at every milestone of a step curve, at
    every update of a smooth one. Absent: continuous for step curves, 2 for smooth ones."""

    batch_exponent: Annotated[float | None, Quantity(above=0, most=2)] = None
    """B ∝ decay^batch_exponent; absent, all of the decay goes into the batch, which is 1 by the
    linear rule and 2 by the sqrt rule. Seesaw (arXiv 2510.14717) is 1 by the sqrt rule."""

    max_batch_size: Annotated[int | str | None, Quantity("samples", least=1, pattern=PART)] = None
    """Largest global batch size; past it the rest of the decay goes into the learning rate.
    ``"N/10"`` is that part of the training set, or the first batch where that is larger.
    The paper uses about N/10, the default for smooth curves, which may fall to 0. A measured
    gradient noise scale (arXiv 1812.06162) is another source for this number."""

    multiple_of: Annotated[int, Quantity("samples", least=1)] = 1
    """Every batch but the last of the run is a multiple of this many samples; sizes are rounded
    down, and the learning rate pays for it."""

    lr_scale: Annotated[float, Quantity(above=0)] = 1.0
    """Multiplies the learning rate and, at the same noise scale, the batch: B ∝ ε."""

    momentum: Annotated[float | None, Quantity(least=0, below=1)] = None
    """Momentum coefficient of the plan where it differs from the reference's: B ∝ 1/(1 − m)."""

    momentum_at: Annotated[float, Quantity("epochs", least=0)] = 0
    """Where the plan's momentum begins, in epochs; the reference's runs until then."""

    repair: bool = False
    """Whether the schedule waits where the momentum is raised, until the gradients before are
    forgotten: B/(N(1 − m)) epochs more."""

    shrink: bool = False
    """Whether the batch shrinks where the learning rate of the reference rises again; the
    learning rate follows the rise where it does not."""

    exact: bool = False
    """Whether what is held has N/B − 1 in place of its large-N form N/B."""

    rescale: Sequence[Constant] = RESCALED
    """Constants that go with the batch, κ times the reference's, all by default: ``ema_decay``^κ
    (arXiv 2307.13813); ``adam``, by the sqrt rule, β₁^κ, β₂^κ and ε/√κ (2205.10287);
    ``weight_decay`` of AdamW and Muon, so that a sample takes as much off as in the reference;
    ``batch_norm``, the momentum of its running statistics. ``[]`` leaves each what it is."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rescale", tuple(self.rescale))
        for name in self.rescale:
            require_one_of("growth.rescale", name, RESCALED)
        require_one_of("growth.mode", self.mode, ("decay", "hybrid", "grow"))
        if isinstance(self.max_batch_size, str):
            part_of(self.max_batch_size, 1, "growth.max_batch_size")
        elif self.max_batch_size is not None:
            _require_positive_integer("growth.max_batch_size", self.max_batch_size)
        _require_positive("growth.lr_scale", self.lr_scale)
        _require_positive_integer("growth.multiple_of", self.multiple_of)
        self._require_factor()
        self._require_exponent()
        self._require_momentum()

    @property
    def cap(self) -> int | None:
        """The largest batch size; None without one, or where it is a part of N not yet resolved."""
        return None if isinstance(self.max_batch_size, str) else self.max_batch_size

    @property
    def scaling(self) -> Rule:
        """What ``rule`` names."""
        return RULES.find(self.rule, f"growth.rule = {self.rule!r}")

    @property
    def lr_follows_batch(self) -> bool:
        """Whether the learning rate is held in proportion to the batch, at one momentum."""
        return self.scaling.exponent == 1 and not self.exact

    def _require_factor(self) -> None:
        if self.factor in (None, "continuous"):
            return
        if not isinstance(self.factor, str):
            require_real("growth.factor", self.factor)
        if isinstance(self.factor, str) or not 1 < self.factor < math.inf:
            raise InputError(
                f"growth.factor = {cut(str(self.factor))}: must be a finite number above 1",
                hint='growth.factor = "continuous" grows the batch without levels',
            )

    def _require_exponent(self) -> None:
        exponent, full = self.batch_exponent, self.scaling.exponent
        if exponent is not None:
            require_real("growth.batch_exponent", exponent)
        if exponent is not None and not 0 < exponent <= full:
            raise InputError(
                f"growth.batch_exponent = {exponent}: must be above 0 and at most {full}, "
                f'which by growth.rule = "{self.rule}" is the whole decay'
            )

    def _require_momentum(self) -> None:
        if self.momentum is not None:
            _require_momentum("growth.momentum", self.momentum)
        elif self.momentum_at or self.repair:
            key = "momentum_at" if self.momentum_at else "repair"
            raise InputError(f"growth.{key}: is for a growth.momentum, and none is given")
        require_real("growth.momentum_at", self.momentum_at)
        if not 0 <= self.momentum_at < math.inf:
            raise InputError(f"growth.momentum_at = {self.momentum_at}: must not be negative")


def part_of(text: str, num_samples: int, key: str = "") -> int:
    """Return the number of samples that a part of the training set is, at least 1.

    Args:
        text: ``N/10`` for a tenth, or any other part of this form.
        num_samples: size of the training set, N.
        key: where it is written.

    Raises:
        InputError: it is not of this form.
    """
    written = re.fullmatch(PART, text)
    if written is None:
        value = repr(text) if len(text) <= _LONGEST_PART else f"{text[:_LONGEST_PART]!r}…"
        raise InputError(
            f'{key} = {value}: must be a valid integer, or a part of the training set, "N/10"'
            if key.startswith("growth")
            else f'{key} = {value}: must be a part of the training set, such as "N/10"'
        )
    return max(1, num_samples // int(written[1]))


def planned_momentum(reference: Reference, growth: Growth) -> float:
    """Return the momentum coefficient that the plan runs at, from growth.momentum_at on."""
    return reference.momentum if growth.momentum is None else growth.momentum


def resolve(growth: Growth, curve: Curve, num_samples: int, first_batch_size: int) -> Growth:
    """Fill in what depends on the curve and the data: the levels, and the cap.

    A smooth curve is capped at N/10, as it may fall to 0; an exact rule stays below N. Raises
    InputError where the first decay, which ``hybrid`` replaces, would be no level.
    """
    factor, cap = growth.factor, growth.cap
    if isinstance(growth.max_batch_size, str):
        cap = max(part_of(growth.max_batch_size, num_samples), first_batch_size)
    if factor is None:
        factor = 2.0 if curve.smooth else "continuous"
    if cap is None and curve.smooth:
        cap = max(num_samples // 10, first_batch_size)
    if growth.exact:
        cap = min(cap or num_samples, num_samples - 1)
    _require_first_decay(growth, curve)
    factor = factor if isinstance(factor, str) else float(factor)
    return replace(growth, factor=factor, max_batch_size=cap)


def _require_first_decay(growth: Growth, curve: Curve) -> None:
    if growth.mode == "hybrid" and growth.factor == "continuous" and curve.smooth:
        raise InputError(
            'growth.factor = "continuous": with growth.mode = "hybrid" a smooth curve would grow '
            "the batch by its first decay, which is next to nothing",
            hint="give growth.factor a number, by which the batch grows once: growth.factor = 2",
        )


def _require_positive_integer(key: str, value: int) -> None:
    require_integer(key, value)
    _require_positive(key, value)


def _require_positive(key: str, value: float) -> None:
    require_real(key, value)
    if not (value > 0 and math.isfinite(value)):
        raise InputError(f"{key} = {value}: must be a finite number above 0")


def _require_momentum(key: str, value: float) -> None:
    require_real(key, value)
    if not 0 <= value < 1:
        raise InputError(f"{key} = {value}: must be at least 0 and below 1")

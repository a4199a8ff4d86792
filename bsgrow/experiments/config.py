"""What an experiment holds: arms of a recipe, for optimizers and seeds, and what is expected."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from bsgrow.errors import InputError
from bsgrow.experiments.dotted import dotted_values
from bsgrow.recipe import Recipe
from bsgrow.recipe.section import Section
from bsgrow.text.printable import shown

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
_MOST_SEEDS = 10_000

Mode = Literal["decay", "hybrid", "grow"]


def _listed(seeds: object) -> object:
    """Return the seeds that a number of them stands for."""
    if isinstance(seeds, int) and not isinstance(seeds, bool) and 0 < seeds <= _MOST_SEEDS:
        return tuple(range(seeds))
    if not isinstance(seeds, list | tuple) or not seeds or len({*map(str, seeds)}) < len(seeds):
        raise ValueError("must be a number of seeds, or a list of them, none twice")
    return tuple(seeds)


def _as_tuple(names: object) -> object:
    return tuple(names) if isinstance(names, list) else names


Seed = Annotated[int, Field(ge=0, lt=2**64)]
Seeds = Annotated[tuple[Seed, ...], BeforeValidator(_listed)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class Margin(Section):
    """``[margin]``: how far apart means may be that count as the same, set before any run."""

    measure: Literal["test_accuracy", "test_loss"] = "test_accuracy"
    """What is compared: the share of held-out samples right, or their mean loss in nats."""

    value: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """In units of the measure: 0.005 is half a point of accuracy."""


class OptimizerConfig(Section):
    """``[optimizers.NAME]``: one of the optimizers that the arms are run with."""

    label: str = ""
    """What it is called in tables and figures; its name where absent."""

    overrides: Mapping[str, Any] = Field(default={})
    """Keys of the recipe, such as ``optimizer.momentum``, with their values."""


class ArmConfig(Section):
    """``[arms.NAME]``: one way to spend the recipe."""

    label: str = ""
    """What it is called in tables and figures; its name where absent."""

    group: str = "main"
    """Arms of one group are shown together: the main ones, the controls, one dose."""

    mode: Mode | None = None
    """How the decay of the recipe is spent, ``decay``, ``hybrid`` or ``grow``; ``decay`` takes all
    other keys of ``[growth]`` back. Of an arm with one of these names it is the name where absent;
    of others the recipe's own."""

    expect: Literal["same", "differs"] | None = None
    """What the experimenter expects of it beside its baseline."""

    baseline: str | None = None
    """The arm that it is compared with; that of the experiment where absent."""

    dose: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """What its response is drawn against, within its group."""

    seeds: Seeds | None = None
    """Its own seeds, where it has others than the experiment; a number n stands for 0 to n − 1."""

    optimizers: Names | None = None
    """Those of the optimizers that it is run with; all where absent."""

    overrides: Mapping[str, Any] = Field(default={})
    """Keys of the recipe with their values; they win over those of the optimizer."""


@dataclass(frozen=True)
class Experiment:
    """Arms of a recipe, each to be run with every seed and optimizer.

    Attributes:
        name: what it is called.
        recipe: what all runs are made of, with the overrides of all.
        arms: by name, in order; each has its mode, seeds and optimizers.
        seeds: of arms that have none of their own.
        optimizers: by name, in order; none where the recipe's own is the only one.
        baseline: the arm that others are compared with.
        margin: how far apart means may be that count as the same.
        description: one line.
    """

    name: str
    recipe: Recipe
    arms: Mapping[str, ArmConfig]
    seeds: tuple[int, ...]
    optimizers: Mapping[str, OptimizerConfig] = field(default_factory=dict)
    baseline: str = ""
    margin: Margin | None = None
    description: str = ""

    def __post_init__(self) -> None:
        if not self.arms:
            raise InputError("arms: there is none", hint="[arms.decay] begins one")
        for table in ("arms", "optimizers"):
            for name in getattr(self, table):
                _require_name(table, name)
        object.__setattr__(self, "baseline", self.baseline or next(iter(self.arms)))
        _require_among("baseline", self.baseline, self.arms)
        for name, arm in self.arms.items():
            if arm.baseline is not None:
                _require_among(f"arms.{name}.baseline", arm.baseline, self.arms)
            for optimizer in arm.optimizers or ():
                _require_among(f"arms.{name}.optimizers", optimizer, self.optimizers)

    def seeds_of(self, arm: str) -> tuple[int, ...]:
        """Return the seeds of an arm."""
        return self.arms[arm].seeds or self.seeds

    def optimizers_of(self, arm: str) -> tuple[str, ...]:
        """Return the optimizers of an arm by name; one without a name where there are none."""
        own = self.arms[arm].optimizers
        return own if own is not None else tuple(self.optimizers) or ("",)

    def baseline_of(self, arm: str) -> str:
        """Return the arm that another is compared with."""
        return self.arms[arm].baseline or self.baseline

    def mode_of(self, arm: str) -> str | None:
        """Return how an arm spends the decay; None where the recipe says."""
        return self.arms[arm].mode or (arm if arm in ("decay", "hybrid", "grow") else None)

    def values_of(self, arm: str, optimizer: str) -> dict[str, object]:
        """Return the keys of the recipe that an arm changes for an optimizer, and their values."""
        of_optimizer = self.optimizers[optimizer].overrides if optimizer else {}
        return dotted_values(of_optimizer) | dotted_values(self.arms[arm].overrides)

    def label_of(self, arm: str, optimizer: str = "") -> str:
        """Return what an arm is called, and with which optimizer."""
        words = [self.arms[arm].label or arm]
        if optimizer:
            words.append(self.optimizers[optimizer].label or optimizer)
        return ", ".join(words)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield every arm with each of its optimizers."""
        return ((arm, name) for arm in self.arms for name in self.optimizers_of(arm))


def _require_name(table: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{table}: {shown(name)} names a folder: letters, digits and . _ + - alone, at most 100"
        )


def _require_among(key: str, name: str, known: Mapping[str, object]) -> None:
    if name not in known:
        among = ", ".join(known) or "none"
        raise InputError(f"{key} = {shown(name)}: is not one of them", hint=f"one of {among}")

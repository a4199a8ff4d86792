"""What the options of a command change in a recipe: flags for the everyday keys, --set for any."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bsgrow.cli.options import SetOption

if TYPE_CHECKING:
    from bsgrow.recipe import Recipe

_PANEL = "Everyday settings of the recipe, where it is to be another one"

KEYS: Mapping[str, str] = MappingProxyType(
    {
        "epochs": "schedule.epochs",
        "lr": "schedule.lr",
        "batch_size": "schedule.global_batch_size",
        "max_batch_size": "growth.max_batch_size",
        "seed": "run.seed",
        "device": "run.device",
        "data": "data.path",
    }
)
"""The key of the recipe that each flag sets, by the name of its parameter."""


def flag_option(flag: str, text: str, metavar: str, panel: str = _PANEL) -> typer.models.OptionInfo:
    """Return an option that is None where it is not given."""
    info: typer.models.OptionInfo = typer.Option(
        flag, help=text, metavar=metavar, rich_help_panel=panel
    )
    return info


_OPTIONS: Mapping[str, object] = MappingProxyType(
    {
        "overrides": SetOption,
        "epochs": Annotated[
            float | None,
            flag_option(
                "--epochs",
                "Length of the run in passes over the training set, such as 0.5 or 90: "
                "`schedule.epochs`.",
                "EPOCHS",
            ),
        ],
        "lr": Annotated[
            float | None,
            flag_option("--lr", "Base learning rate of the run as published: `schedule.lr`.", "LR"),
        ],
        "batch_size": Annotated[
            int | None,
            flag_option(
                "--batch-size",
                "Samples per update of the run as published: `schedule.global_batch_size`.",
                "SAMPLES",
            ),
        ],
        "max_batch_size": Annotated[
            int | None,
            flag_option(
                "--max-batch-size",
                "Samples per update that the batch grows to at most: `growth.max_batch_size`, by "
                "default a tenth of the training set for smooth curves, and without a limit for "
                "steps.",
                "SAMPLES",
            ),
        ],
        "seed": Annotated[
            int | None,
            flag_option(
                "--seed",
                "Whole number that weights, order and augmentation follow from: `run.seed`, by "
                "default 0.",
                "SEED",
            ),
        ],
        "device": Annotated[
            str | None,
            flag_option(
                "--device",
                "Where it computes, `cpu`, `cuda` or `cuda:1`: `run.device`, by default CUDA where "
                "there is one.",
                "DEVICE",
            ),
        ],
        "data": Annotated[
            Path | None,
            flag_option(
                "--data",
                "Folder or archive with the data set, from the current folder on: `data.path`; by "
                "default it is found or downloaded.",
                "PATH",
            ),
        ],
    }
)


_PARAMETERS = [
    inspect.Parameter(
        name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=option
    )
    for name, option in _OPTIONS.items()
]


@dataclass(frozen=True)
class Overrides:
    """What a user changes in a recipe.

    Attributes:
        flags: by the name of their parameter, those of ``KEYS`` that are given.
        sets: those of ``--set``, ``key=value``, which win.
    """

    flags: Mapping[str, float | str]
    sets: tuple[str, ...]

    @property
    def values(self) -> dict[str, object]:
        """The keys of the recipe that the flags set."""
        return {KEYS[name]: value for name, value in self.flags.items()}

    @property
    def words(self) -> tuple[str, ...]:
        """The options that say all this on a command line, for ``bsgrow.text.command.Command``."""
        flags = (word for name, value in self.flags.items() for word in (_flag(name), _text(value)))
        return (*flags, *(word for text in self.sets for word in ("--set", text)))

    def load(self, recipe: str) -> "Recipe":
        """Return a recipe as changed; raises InputError as ``load_recipe``."""
        from bsgrow.recipe import load_recipe

        return load_recipe(recipe, self.sets, self.values)


def make_overrides(sets: list[str] | None, **flags: float | str | Path | None) -> Overrides:
    """Return what the options of a command say.

    Args:
        sets: those of ``--set``.
        **flags: by the name of their parameter; None where not given.
    """
    given = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in flags.items()
        if value is not None
    }
    return Overrides(given, tuple(sets or ()))


def takes_overrides(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command --set and the everyday flags, in the place of its parameter ``changed``."""

    @wraps(command)
    def run(*args: Any, **given: Any) -> None:
        sets, *values = (given.pop(name, None) for name in _OPTIONS)
        command(
            *args, changed=make_overrides(sets, **dict(zip(KEYS, values, strict=True))), **given
        )

    own = inspect.signature(command)
    parameters = (
        inner
        for name, parameter in own.parameters.items()
        for inner in (_PARAMETERS if name == "changed" else [parameter])
    )
    vars(run)["__signature__"] = own.replace(parameters=list(parameters))
    return run


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _text(value: float | str) -> str:
    """Return a value as a user writes it: epochs are a float, and mostly whole."""
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)

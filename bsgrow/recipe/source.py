"""Recipe files: those that come with the package, by name, and any other by its path."""

import os
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from bsgrow.data.user_path import expand_user
from bsgrow.errors import InputError, did_you_mean
from bsgrow.files.text import SAVE_AS_TEXT, read_text
from bsgrow.recipe.toml_text import LARGEST, parse_toml
from bsgrow.text.printable import cut, printable, shown

_LISTED = "give a path to a TOML file, or a name that `bsgrow recipes` lists"
_SHIPPED = resources.files("bsgrow") / "recipes"


def shipped_recipes() -> list[str]:
    """Return the names of the recipes that come with the package, sorted."""
    return sorted(_shipped())


@dataclass(frozen=True, slots=True)
class Source:
    """A recipe as it is named: by a user, or by ``extends`` in another one.

    Attributes:
        name: of a shipped one, or the path of a file.
    """

    name: str

    @property
    def is_shipped(self) -> bool:
        """Whether it comes with the package."""
        return self.name in _shipped()

    @property
    def place(self) -> str:
        """What is the same for every way to name the same recipe."""
        return self.name if self.is_shipped else f"/{os.path.realpath(self.name)}"

    def beside(self, name: str) -> "Source":
        """Return a recipe that this one names: shipped, or a path from where this one lies."""
        if name in _shipped() or self.is_shipped:
            return Source(name)
        return Source(str(Path(self.name).parent / expand_user(Path(name))))

    def read(self) -> dict[str, Any]:
        """Return what the file says.

        Raises:
            InputError: there is no such recipe, or it is no TOML.
        """
        text = self.text()
        try:
            return parse_toml(text)
        except (ValueError, RecursionError) as error:  # its own, a long integer, deep nesting
            raise InputError(
                f"{printable(self.name)} is not valid TOML: {error}",
                hint='text needs quotes, such as name = "cifar10"; tables begin with [data]',
            ) from error

    def text(self) -> str:
        """Return the file as it is, with its comments; raises InputError where there is none."""
        if self.is_shipped:
            return (_SHIPPED / f"{self.name}.toml").read_text("utf-8")
        path = Path(self.name)
        try:
            return read_text(path, LARGEST)
        except (OSError, UnicodeDecodeError) as error:
            if isinstance(error, FileNotFoundError) and path.suffix != ".toml":
                nearest = did_you_mean(self.name, _shipped())
                hint = nearest if nearest.startswith("did you mean") else _LISTED
                raise InputError(f"no recipe is called {shown(self.name)}", hint) from error
            reason = error.strerror if isinstance(error, OSError) else error
            hint = _LISTED
            if isinstance(error, UnicodeDecodeError):
                hint = SAVE_AS_TEXT
            message = f"cannot read the recipe {cut(self.name)}: {reason}"
            raise InputError(message, hint) from error


@cache
def _shipped() -> frozenset[str]:
    names = (entry.name for entry in _SHIPPED.iterdir())
    return frozenset(name[:-5] for name in names if name.endswith(".toml"))

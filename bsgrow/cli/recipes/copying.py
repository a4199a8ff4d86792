"""A recipe as text, and as a file of the user's own."""

import os
import sys
from pathlib import Path

from bsgrow.cli.console import note, print_text
from bsgrow.errors import InputError
from bsgrow.files.atomic import write_atomically
from bsgrow.recipe import as_toml, load_recipe, shipped_recipes
from bsgrow.recipe.inheritance import EXTENDS
from bsgrow.recipe.source import Source
from bsgrow.text.command import Command, argument
from bsgrow.text.printable import printable, printable_lines, shown


def text_of(recipe: str, *, resolved: bool) -> str:
    """Return a recipe as TOML, after it was read whole.

    Args:
        recipe: a shipped name, or a path.
        resolved: every key with its value; else the text of the file, comments and all.

    Raises:
        InputError: as ``load_recipe``.
    """
    read = load_recipe(recipe)
    return as_toml(read) if resolved else Source(recipe).text()


def show_recipe(recipe: str, *, resolved: bool) -> None:
    """Write a recipe to stdout, to a terminal escaped; raises InputError as ``text_of``."""
    text = text_of(recipe, resolved=resolved)
    print_text(printable_lines(text) if sys.stdout.isatty() else text)


def copy_recipe(recipe: str, file: Path, *, resolved: bool, force: bool) -> None:
    """Write a recipe to a file, which means the same there.

    Raises:
        InputError: as ``load_recipe``; or there is a file and no ``force``, or no folder for it;
            or what the recipe extends is not found from there.
        BsgrowError: the file cannot be written.
    """
    text = text_of(recipe, resolved=resolved)
    _require_place(recipe, file, force)
    if not resolved:
        _require_same_meaning(recipe, file)
    write_atomically(file, lambda output: output.write(text.encode()))
    name = os.fspath(file)
    name = f"./{name}" if name in shipped_recipes() else argument(name)
    note(f"copied {printable(recipe)}; see its plan with: {Command(('plan', name))}")


def _require_place(recipe: str, file: Path, force: bool) -> None:
    if file.is_dir():
        name = Path(recipe).name.removesuffix(".toml") + ".toml"
        raise InputError(
            f"{printable(file)} is a folder",
            hint=f"name a file in it: {_copy(recipe, file / name)}",
        )
    if not file.parent.is_dir():
        raise InputError(
            f"cannot write {printable(file)}: there is no folder {printable(file.parent)}",
            hint="make the folder first, or name a file in one that is there",
        )
    if os.path.lexists(file) and not force:
        raise InputError(
            f"{printable(file)} is there already, and is left as it is",
            hint=f"name another file, or replace it: {_copy(recipe, file, '--force')}",
        )


def _require_same_meaning(recipe: str, file: Path) -> None:
    """Check that what a recipe extends by a path is found from the folder of the copy."""
    source, copied = Source(recipe), Source(os.fspath(file))
    extended = source.read().get(EXTENDS)
    if extended is None or source.beside(extended).place == copied.beside(extended).place:
        return
    raise InputError(
        f"{EXTENDS} = {shown(extended)}: is a path from the folder of {printable(recipe)}, and "
        f"leads elsewhere from that of {printable(file)}",
        hint=f"copy it with all keys written out: {_copy(recipe, file, '--resolved')}",
    )


def _copy(recipe: str, file: Path, *options: str) -> Command:
    return Command(("recipes", "copy", argument(recipe), argument(os.fspath(file)), *options))

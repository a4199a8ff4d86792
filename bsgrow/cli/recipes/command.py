"""`bsgrow recipes`: the recipes that come with the package; one shown, or copied to be changed."""

from pathlib import Path
from typing import Annotated

import typer

from bsgrow.cli.format import Format, FormatOption
from bsgrow.cli.options import complete_recipe

_commands = typer.Typer(rich_markup_mode="markdown")
_Recipe = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE",
        help="A shipped recipe (see `bsgrow recipes`) or the path of a TOML file.",
        autocompletion=complete_recipe,
    ),
]
_Resolved = Annotated[
    bool,
    typer.Option(
        "--resolved",
        help="Every key with its value, also those that it inherits by `extends` and the defaults; "
        "without comments.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(_commands, name="recipes")


@_commands.callback(invoke_without_command=True)
def recipes(context: typer.Context, output: FormatOption = Format.TABLE) -> None:
    """List the recipes that come with bsgrow; show one, copy one, or print a schema of all keys.

    Without a further command they are listed by model and data: updates of the growing run, how
    many it saves of the run as published, its time, and whose the values are. Give a name to
    `bsgrow plan` or `bsgrow train`. To make your own, start from a copy, or from two lines that
    extend one of these.
    """
    if context.invoked_subcommand is None:
        from bsgrow.cli.recipes.listing import print_recipes

        print_recipes(output)


@_commands.command("show")
def show(recipe: _Recipe, resolved: _Resolved = False) -> None:
    """Print a recipe as its file has it, with its comments and with `extends` where it has one."""
    from bsgrow.cli.recipes.copying import show_recipe

    show_recipe(recipe, resolved=resolved)


@_commands.command("copy")
def copy(
    recipe: _Recipe,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to write it, such as `mine.toml`.")
    ],
    resolved: _Resolved = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if there is one.")
    ] = False,
) -> None:
    """Write a recipe to a file of your own, with its comments; it plans as the recipe does."""
    from bsgrow.cli.recipes.copying import copy_recipe

    copy_recipe(recipe, file, resolved=resolved, force=force)


@_commands.command("schema")
def schema() -> None:
    """Print a JSON schema of recipes, with which an editor completes, explains and checks keys.

    Write it to a file, and name that in the first line of a recipe: `#:schema ./recipe.schema.json`
    is read by taplo, and by Even Better TOML in VS Code.
    """
    from bsgrow.cli.console import print_json
    from bsgrow.recipe.schema import recipe_schema

    print_json(recipe_schema())

"""Arguments and options that several commands share."""

from typing import Annotated

import typer

from bsgrow.cli.format import Format, FormatOption

__all__ = [
    "Format",
    "FormatOption",
    "OptionalRecipeArgument",
    "RecipeArgument",
    "SetOption",
    "complete_recipe",
]


def complete_recipe(incomplete: str) -> list[str]:
    """Return the shipped recipes that start as typed, for shell completion."""
    from bsgrow.recipe import shipped_recipes

    return [name for name in shipped_recipes() if name.startswith(incomplete)]


_RECIPE = typer.Argument(
    metavar="[RECIPE]",
    help="A shipped recipe (see `bsgrow recipes`) or the path of a TOML file; `digits` where "
    "absent.",
    show_default=False,
    autocompletion=complete_recipe,
)
RecipeArgument = Annotated[str, _RECIPE]
OptionalRecipeArgument = Annotated[str | None, _RECIPE]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set any key of the recipe, such as `growth.max_batch_size=5120`; repeatable. It wins "
        "over a flag that sets the same key.",
    ),
]

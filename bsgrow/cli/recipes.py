"""`bsgrow recipes`: the recipes that come with the package."""

import typer

from bsgrow.cli.format import Format, FormatOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("recipes")(recipes)


def recipes(output: FormatOption = Format.TABLE) -> None:
    """List the recipes that come with bsgrow, by model and data: updates, time, what each is.

    Updates are those of the growing run, and beside them how many times as many the run as
    published makes. Give a name to `bsgrow plan` or `bsgrow train`. To make your own, start from
    the TOML file that a run writes into its directory, or from two lines that extend one of these.
    """
    from bsgrow.cli.recipe_table import print_recipes

    print_recipes(output)

"""`bsgrow recipes`: the recipes that come with the package."""

import typer

from bsgrow.cli.console import out, print_json
from bsgrow.cli.options import Format, FormatOption
from bsgrow.cli.table import Column, FittedTable
from bsgrow.recipe import load_recipe, shipped_recipes


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("recipes")(recipes)


def recipes(output: FormatOption = Format.TABLE) -> None:
    """List the recipes that come with bsgrow.

    Give a name to `bsgrow plan` or `bsgrow train`. To make your own, start from the TOML file
    that a run writes into its directory.
    """
    described = {name: load_recipe(name).description for name in shipped_recipes()}
    if output is Format.JSON:
        print_json(described)
        return
    table = FittedTable([Column("recipe"), Column("what it is", words=True)])
    for row in described.items():
        table.add_row(*row)
    out.print(table)

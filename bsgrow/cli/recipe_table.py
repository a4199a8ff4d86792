"""The recipes that come with the package, as a table or JSON."""

from bsgrow.cli.console import print_json
from bsgrow.cli.format import Format
from bsgrow.cli.table import Column, FittedTable
from bsgrow.cli.terminal import out
from bsgrow.recipe import Recipe, load_recipe, plan_recipe, shipped_recipes
from bsgrow.schedule import Plan
from bsgrow.text.command import Command

_OWN = Command(("train", "folder"), ("--data", "FOLDER"))
_COLUMNS = (
    Column("recipe"),
    Column("data", leaves=3),
    Column("updates", right=True),
    Column("fewer", right=True, leaves=4),
    Column("time", leaves=2),
    Column("what it is", words=True, leaves=1),
)


def print_recipes(output: Format) -> None:
    """Write every shipped recipe to stdout, planned."""
    shipped = {name: load_recipe(name) for name in shipped_recipes()}
    if output is Format.JSON:
        print_json({name: _as_dict(recipe) for name, recipe in shipped.items()})
        return
    table = FittedTable(_COLUMNS)
    for name, recipe in shipped.items():
        table.add_row(name, recipe.data.name, *_updates(recipe), recipe.time, recipe.description)
    out.print(table)
    out.print(f"\ntrain on photographs of your own: {_OWN}")


def _as_dict(recipe: Recipe) -> dict[str, str | int | None]:
    plan = _plan(recipe)
    return {
        "description": recipe.description,
        "data": recipe.data.name,
        "num_updates": plan.num_updates if plan else None,
        "baseline_num_updates": plan.baseline_num_updates if plan else None,
        "time": recipe.time,
    }


def _updates(recipe: Recipe) -> tuple[str, str]:
    plan = _plan(recipe)
    if plan is None:
        return "–", "–"
    return f"{plan.num_updates}", f"{plan.baseline_num_updates / plan.num_updates:.2f}×"


def _plan(recipe: Recipe) -> Plan | None:
    """Return the plan of a recipe; None for images of one's own, whose number is not known."""
    known = recipe.data.num_samples or (recipe.data.spec and recipe.data.spec.num_samples)
    return plan_recipe(recipe) if known else None

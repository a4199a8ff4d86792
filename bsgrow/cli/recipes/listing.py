"""The recipes that come with the package, as a table or JSON."""

from collections.abc import Mapping, Sequence
from itertools import takewhile

from bsgrow.cli.console import print_json
from bsgrow.cli.format import Format
from bsgrow.cli.table import Column, FittedTable
from bsgrow.cli.terminal import out
from bsgrow.recipe import Recipe, load_recipe, plan_recipe, shipped_recipes
from bsgrow.schedule import Plan
from bsgrow.text.command import Command

_OWN = Command(("train", "folder"), ("--data", "FOLDER"))
_ORIGINS = ("paper", "other", "two readings", "ours")  # as docs/recipes.md has them
_COLUMNS = (
    Column("recipe"),
    Column("updates", right=True),
    Column("saved", right=True, leaves=3),
    Column("fewer", right=True, leaves=4),
    Column("time", leaves=5),
    Column("values from", leaves=2),
    Column("what it is", words=True, leaves=1),
)


def print_recipes(output: Format) -> None:
    """Write every shipped recipe to stdout, planned."""
    shipped = {name: load_recipe(name) for name in shipped_recipes()}
    if output is Format.JSON:
        print_json({name: _as_dict(recipe) for name, recipe in shipped.items()})
        return
    for experiment, recipes in _by_experiment(shipped).items():
        common = _common_words([recipe.description for recipe in recipes.values()])
        table = FittedTable(_COLUMNS, title=f"{experiment}: {common}" if common else experiment)
        for name, recipe in recipes.items():
            own = recipe.description[len(common) :].lstrip(",: ")
            table.add_row(name, *_updates(recipe), recipe.time, _written(recipe), own)
        out.print(table)
        out.print()
    out.print(f"train on photographs of your own: {_OWN}")


def _by_experiment(recipes: Mapping[str, Recipe]) -> dict[str, dict[str, Recipe]]:
    """Return recipes by what is trained on what, such as ``wide_resnet 10 1 on digits``."""
    found: dict[str, dict[str, Recipe]] = {}
    for name, recipe in recipes.items():
        model = " ".join([recipe.model.name, *map(str, recipe.model.arguments.values())])
        found.setdefault(f"{model} on {recipe.data.name}", {})[name] = recipe
    return found


def _common_words(descriptions: Sequence[str]) -> str:
    """Return what several descriptions begin with, up to a comma or a colon in each of them."""
    if len(descriptions) == 1:
        return ""
    alike = takewhile(lambda found: len({*found}) == 1, zip(*descriptions, strict=False))
    common = "".join(found[0] for found in alike)
    following = {description[len(common) :][:1] for description in descriptions}
    if following <= {",", ":"}:
        return common
    return common[: max(common.rfind(","), common.rfind(":"), 0)]


def _as_dict(recipe: Recipe) -> dict[str, str | int | list[str] | None]:
    plan = _plan(recipe)
    return {
        "description": recipe.description,
        "data": recipe.data.name,
        "model": recipe.model.name,
        "num_updates": plan.num_updates if plan else None,
        "baseline_num_updates": plan.baseline_num_updates if plan else None,
        "num_updates_saved": plan.baseline_num_updates - plan.num_updates if plan else None,
        "time": recipe.time,
        "values_from": _values_from(recipe),
    }


def _updates(recipe: Recipe) -> tuple[str, str, str]:
    plan = _plan(recipe)
    if plan is None:
        return "–", "–", "–"
    made, baseline = plan.num_updates, plan.baseline_num_updates
    return f"{made}", f"{baseline - made}", f"{baseline / made:.2f}×"


def _values_from(recipe: Recipe) -> list[str]:
    """Return whose the values are, as ``[sources]`` says: of ``_ORIGINS``, in their order."""
    said = {text.partition(":")[0] for text in recipe.sources.values()}
    return [origin for origin in _ORIGINS if origin in said]


def _written(recipe: Recipe) -> str:
    return ", ".join(_values_from(recipe)) or "–"


def _plan(recipe: Recipe) -> Plan | None:
    """Return the plan of a recipe; None for images of one's own, whose number is not known."""
    known = recipe.data.num_samples or (recipe.data.spec and recipe.data.spec.num_samples)
    return plan_recipe(recipe) if known else None

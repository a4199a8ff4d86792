"""What a key of the recipe means, said by its own documentation."""

import ast
import inspect
import re
import textwrap
from functools import cache
from itertools import pairwise
from typing import Any

from bsgrow.recipe.config import Recipe
from bsgrow.recipe.section import table_type

_KEY = re.compile(r"([a-z_]+)(?:\.([A-Za-z_]+))?(?![\w.])")


def key_hint(message: str) -> str | None:
    """Return the first sentence on the key that a message begins with; None where there is none.

    Args:
        message: of an error in a recipe, which begins with a key such as ``growth.factor``.
    """
    found = _KEY.match(message)
    if found is None or found[1] not in Recipe.model_fields:
        return None
    table, name = found.groups()
    text = _documentation(table_type(Recipe, table) if name else Recipe).get(name or table)
    return f"{name or table}: {_first_sentence(text)}" if text else None


@cache
def _documentation(table: Any) -> dict[str, str]:
    """Return what stands under each annotated name in the source of a class.

    It is read where it is asked for: to find it as each class is made takes longer than a plan.
    """
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(table))).body
    except (OSError, TypeError):  # without its source, or no class
        return {}
    assert isinstance(tree, ast.ClassDef)
    return {
        statement.target.id: inspect.cleandoc(below.value.value)
        for statement, below in pairwise(tree.body)
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


def _first_sentence(text: str) -> str:
    return " ".join(text.split()).partition(". ")[0].rstrip(".").replace("``", "`")

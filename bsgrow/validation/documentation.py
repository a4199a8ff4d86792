"""What the documentation of a function or a class says of one of its arguments."""

import ast
import inspect
import re
import textwrap
from functools import cache
from itertools import pairwise


def argument_hint(documented: object, message: str, table: str = "") -> str | None:
    """Return what is said of the argument that a message begins with; None where nothing is.

    Args:
        documented: a function, or a class, whose bases count too.
        message: of an error, such as ``growth.factor = 0: …``.
        table: what stands before the names of arguments in it, such as ``growth.``.
    """
    found = re.match(rf"(?:{re.escape(table)}|\w+\.)?(\w+)\b(?!\.)", message)
    classes = documented.__mro__[:-1] if isinstance(documented, type) else (documented,)
    texts = (_said_of(each, found[1]) for each in classes) if found else ()
    text = next(filter(None, texts), None)
    return f"{found[1]}: {text}" if found and text else None


def _said_of(documented: object, name: str) -> str | None:
    text = inspect.getdoc(documented) or ""
    arguments = text.partition("Args:\n")[2].partition("\n\n")[0]
    found = re.search(rf"^    {name}: (.+(?:\n {{5,}}.+)*)", arguments, re.MULTILINE)
    if found:
        return " ".join(found[1].split()).rstrip(".")
    under = texts_under_names(documented).get(name)
    return first_sentence(under) if under else None


@cache
def texts_under_names(table: object) -> dict[str, str]:
    """Return what stands under each annotated name in the source of a class.

    It is read where it is asked for: to find it as each class is made takes longer than a plan.
    """
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(table))).body  # type: ignore[arg-type]
    except (OSError, TypeError):  # without its source, or no class
        return {}
    return {
        statement.target.id: inspect.cleandoc(below.value.value)
        for statement, below in pairwise(tree.body if isinstance(tree, ast.ClassDef) else ())
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


def first_sentence(text: str) -> str:
    """Return the first sentence of a documentation, on one line."""
    return " ".join(text.split()).partition(". ")[0].rstrip(".").replace("``", "`")

"""The page of every public name of Python, from their docstrings."""

import inspect

import bsgrow
import bsgrow.stream

_INTRODUCTION = """# Python

What `bsgrow.__all__` and `bsgrow.stream.__all__` name; [From Python](../python.md) shows them at
work.
"""


def names_page() -> str:
    """Return a page of Markdown in which Sphinx puts the docstring of each public name."""
    lines = [_INTRODUCTION]
    for module in (bsgrow, bsgrow.stream):
        lines += [f"## {module.__name__}", "", "```{eval-rst}"]
        named = (name for name in module.__all__ if not name.startswith("__"))
        shown = [name for name in named if module is bsgrow or name not in bsgrow.__all__]
        for name in shown:
            lines += [*_directive(module.__name__, name, getattr(module, name)), ""]
        lines += ["```", ""]
    return "\n".join(lines) + "\n"


def _directive(module: str, name: str, value: object) -> list[str]:
    if inspect.isclass(value):
        return [f".. autoclass:: {module}.{name}", "   :members:"]
    return [f".. autofunction:: {module}.{name}"]

"""What benchmarks ask of the package is there: they are not run here."""

import ast
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = sorted((Path(__file__).parent.parent / "benchmarks").glob("*.py"))


def imported_from(tree, package):
    """Yield the name in the script, module and name there, of all that it imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package:
            yield from ((each.asname or each.name, node.module, each.name) for each in node.names)


def attributes_of(tree, name):
    """Return what a script asks of a name that it imports."""
    return [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
    ]


def patched_in(tree, name):
    """Return the attributes of a name that a script puts something else in place of."""
    return [
        node.args[1].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "object"
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id == name
    ]


def missing_in(source):
    """Return what a script asks of the package, and is not there."""
    tree = ast.parse(source)
    missing = []
    for name, module, original in imported_from(tree, "bsgrow"):
        package = import_module(module)
        if not hasattr(package, original):
            try:
                import_module(f"{module}.{original}")
            except ModuleNotFoundError:
                missing.append(f"{module}.{original}")
                continue
        found = getattr(package, original)
        if isinstance(found, ModuleType):
            asked = attributes_of(tree, name) + patched_in(tree, name)
            missing += [f"{found.__name__}.{attr}" for attr in asked if not hasattr(found, attr)]
    return missing


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_all_that_a_benchmark_asks_for_is_there(path):
    assert missing_in(path.read_text()) == []


def test_what_is_not_there_is_found():
    source = """
from bsgrow.images import reading
from bsgrow import nothing
reading.gone(1)
patch.object(reading, "moved", 2)
"""
    gone = ["bsgrow.images.reading.gone", "bsgrow.images.reading.moved"]
    assert missing_in(source) == [*gone, "bsgrow.nothing"]

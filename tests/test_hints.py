"""Every hint in the source, provoked by a test or not: what it tells the user to type is there."""

import ast
from pathlib import Path

import pytest

from bsgrow.text.command import as_options
from tests.advice import faults

PACKAGE = Path(__file__).parent.parent / "bsgrow"
# Their hints speak of functions and arguments: what the command line makes of those of export is
# tested there, and the others are for who writes a loop or a model of his own.
_OF_PYTHON = ("export", "integrations", "conversion.py", "ghost_batch_norm.py", "user_model.py")
_OF_PYTHON += ("gradient_checkpointing.py",)
FILES = [
    path for path in sorted(PACKAGE.rglob("*.py")) if not set(_OF_PYTHON).intersection(path.parts)
]


def written(node):
    """Return a text as far as the source tells it; a value that is put in counts as 1."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(written, node.values))
    if isinstance(node, ast.BinOp):
        return written(node.left) + written(node.right)
    return "1" if isinstance(node, ast.FormattedValue) else ""


def hints(tree):
    """Yield what is passed as a hint, or as the second argument of an error, or is named so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "hint")
            name = getattr(node.func, "id", "")
            yield from node.args[1:2] if name.endswith("Error") else ()
        if isinstance(node, ast.Assign) and "HINT" in getattr(node.targets[0], "id", ""):
            yield node.value


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_the_hints_of_a_file_name_is_there(path):
    for hint in hints(ast.parse(path.read_text())):
        assert faults(as_options(written(hint))) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("pass --tolerance 3", "--tolerance is no option"),
        ("raise lr_tolerances", "lr_tolerances is no key"),
        ("pass --set growth.multiple=3", "growth.multiple is no key"),
        ("pass --set growth.mode=fast", "growth.mode = 'fast': must be"),
        ("growth.mode = grow", "growth.mode =  is no option to paste"),
        ("go on with: bsgrow train my run", "train my run: Got unexpected extra argument"),
        ("go on with: bsgrow train --resum", "train --resum: No such option"),
    ],
)
def test_what_cannot_be_followed_is_found(text, fault):
    assert faults(text)[0].startswith(fault)


@pytest.mark.parametrize(
    "text",
    [
        "pass --set growth.multiple_of=24, or --max-batch-size 8",
        "go on with: bsgrow train --resume --out 'my run'; or name another with --out",
        "`bsgrow doctor` says what is found",
        'did you mean "max_batch_size"?',
        "it was in recipe.toml, and schedule.lr says it",
    ],
)
def test_what_can_be_followed_is_not(text):
    assert faults(text) == []

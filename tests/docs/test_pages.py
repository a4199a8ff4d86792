"""The pages of docs/: all are in the site, and what they quote and propose is so."""

import re
import tomllib

import pytest

from bsgrow.recipe import load_recipe
from tests.pages import DOCS, PAGES, ROOT, blocks

SOURCE = "\n".join(path.read_text() for path in (ROOT / "bsgrow").rglob("*.py"))
ONE_TEXT = re.sub(r'["\']\s*\n\s*f?["\']', "", SOURCE)  # an error over several lines is one


def cells(page):
    lines = (DOCS / page).read_text().splitlines()
    return [line.split("|")[1].strip() for line in lines if line.startswith("| ")]


def test_every_page_is_in_the_contents():
    contents = "".join((DOCS / name).read_text() for name in ("index.md", "integrations.md"))
    named = re.findall(r"^([a-z/-]+)$", contents, re.MULTILINE)
    generated = {f"reference/{name}" for name in ("commands", "keys", "names")}
    written = {str(page.relative_to(DOCS).with_suffix("")) for page in PAGES}
    assert {*named} == {*(written - {"index"}), *generated}


def test_errors_are_quoted_as_they_are_told():
    quoted = [text for cell in cells("troubleshooting.md") for text in re.findall("`(.*?)`", cell)]
    places = {"_native_jpeg", "bsgrow doctor", "data.path", "run.loggers"}
    told = [text for text in quoted if text not in places]
    assert len(told) > 20
    assert [text for text in told if text not in ONE_TEXT and text not in SOURCE] == []


def test_blocks_of_code_say_what_they_are():
    kinds = {"console", "python", "toml", "diff", "text", "python with-torchvision"}
    for page in PAGES:
        fences = re.findall(r"^```(.*)$", page.read_text(), re.M)
        opened = [each for each in fences[::2] if not each.startswith("{")]
        assert {*opened} <= kinds, page.name


def code(program):
    return [line.partition("  #")[0].strip() for line in program.read_text().splitlines()]


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "diff")], ids=str)
def test_what_changes_is_what_its_program_has(page):
    """Lines that are new or stay are the program's, in order; those that go are not in it."""
    (change,) = blocks(page, "diff")
    program = re.findall(r"\(((?:\.\./)+examples/(?!plain)\w+\.py)\)", page.read_text())[0]
    lines = code(page.parent / program)
    changed = [(line[0], line[1:].strip()) for line in change.splitlines()]
    rest = iter(lines)
    assert [line for mark, line in changed if mark != "-" and line not in rest] == []
    assert [line for mark, line in changed if mark == "-" and line in lines] == []


def test_what_goes_from_an_own_loop_is_in_the_plain_one():
    (change,) = blocks(DOCS / "own-loop.md", "diff")
    plain = code(ROOT / "examples/plain_loop.py")
    gone = [line[1:].strip() for line in change.splitlines() if line[0] == "-"]
    assert len(gone) > 3
    assert [line for line in gone if line not in plain] == []


RECIPES = [(page, text) for page in PAGES for text in blocks(page, "toml")]


@pytest.mark.parametrize(("page", "text"), RECIPES, ids=lambda value: getattr(value, "name", ""))
def test_tables_of_a_recipe_are_taken(page, text, tmp_path):
    """A part of one is read with the rest of another."""
    table = tomllib.loads(text)
    if "arms" in table or "optimizers" in table:
        return  # an experiment, which tests/test_experiments_doc.py plans
    is_part = not {"extends", "schedule"} & table.keys()
    file = tmp_path / "recipe.toml"
    file.write_text('extends = "cifar10-grow"\n' * is_part + text)
    load_recipe(str(file))

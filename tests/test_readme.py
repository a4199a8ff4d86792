"""The README keeps what it promises: its links and recipe names exist."""

import re
import shlex
import tomllib

import pytest
from torch.distributed.run import parse_args

import bsgrow
from bsgrow.recipe import load_recipe, plan_recipe, recipe_from_table, shipped_recipes
from bsgrow.schedule import notes
from tests.advice import command_at
from tests.pages import PAGES, ROOT, blocks

README = (ROOT / "README.md").read_text()
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "csrc/README.md", "bsgrow/schedule/README.md")),
    *PAGES,
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_somewhere(document):
    targets = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    for target in targets:
        if not target.startswith("http"):
            assert (document.parent / target).exists(), target


def test_the_table_of_native_operations_names_files_that_exist():
    table = (ROOT / "csrc/README.md").read_text().partition("| operation |")[2].partition("\n\n")[0]
    rows = [re.findall(r"`([^`]+)`", row) for row in table.splitlines()[2:]]
    assert len(rows) > 15
    for header, *files in rows:
        assert (ROOT / "csrc/include/bsgrow" / header).exists(), header
        for file in files:
            folder = "tests/native" if file.endswith(".py") else "csrc"
            assert (ROOT / folder / file).exists() or (ROOT / file).exists(), file


@pytest.mark.parametrize(
    ("document", "program"),
    [(path.name, text) for path in DOCUMENTS for text in blocks(path, "python")],
)
def test_their_programs_run(document, program):
    exec(compile(program, document, "exec"), {"__name__": "__main__"})


def test_a_page_says_what_each_public_name_is_for():
    table = (ROOT / "docs/python.md").read_text().partition("| names |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)`", table)
    assert sorted(named) == sorted({*bsgrow.__all__} - {"__version__"})


@pytest.mark.parametrize("document", ["README.md", "docs/many-processes.md"])
def test_torchrun_takes_the_commands_that_start_many(document):
    text = (ROOT / document).read_text().replace("\\\n", "")
    commands = re.findall(r"torchrun( --n[^`\n#]*)", text)
    for command in commands:
        taken = parse_args(shlex.split(command))
        assert (taken.module, taken.training_script) == (True, "bsgrow")
        words = taken.training_script_args
        command_at(words)[0].make_context("bsgrow", command_at(words)[1])
    assert len(commands) > 1


def test_recipes_that_commands_name_are_shipped():
    words = re.findall(r"bsgrow (?:train|plan|compare) ([a-z][\w.-]+)", README)
    named = [word for word in words if not word.endswith(".toml")]
    assert named
    assert set(named) <= set(shipped_recipes())


def test_the_example_recipe_is_valid():
    (example,) = blocks(ROOT / "docs/planning.md", "toml")
    plan = plan_recipe(recipe_from_table(tomllib.loads(example)))
    assert plan.num_updates == 2305


def test_the_plan_that_is_shown_is_the_plan():
    plan = plan_recipe(load_recipe("cifar10-grow"))
    for phase in plan.phases:
        assert re.search(rf"{phase.global_batch_size} .* {phase.num_updates}\n", README)
    shown = re.findall(r"^note: (.*?) ?…?$", README, re.MULTILINE)
    assert len(shown) == len(notes(plan))
    for beginning, note in zip(shown, notes(plan), strict=True):
        assert note.startswith(beginning)


def test_no_placeholder_is_left():
    assert not re.findall(r"^[A-Z_]{6,}$", README, re.MULTILINE)

"""Every program in examples/ is short, is run by a test, and is led to from a page."""

import pytest

from tests.pages import PAGES, ROOT

PROGRAMS = sorted((ROOT / "examples").glob("*.py"))
TESTS = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
TEXT = "".join(path.read_text() for path in (ROOT / "README.md", *PAGES))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_a_program_is_short_and_run_and_shown(program):
    assert len(program.read_text().splitlines()) < 60
    assert program.name in TESTS
    assert f"examples/{program.name})" in TEXT

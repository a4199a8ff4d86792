"""Plans of shipped recipes, named as on the command line, and commands run in this process."""

import pytest

from bsgrow.cli.plan.named_plan import named_plans
from tests.in_process import Shell


@pytest.fixture(scope="session")
def named():
    """Compile recipes by name, with overrides."""

    def compile_named(*names, settings=()):
        return named_plans(names, {}, list(settings))

    return compile_named


@pytest.fixture
def bsgrow(monkeypatch, tmp_path):
    """Run bsgrow in an empty folder, without a process of its own."""
    monkeypatch.chdir(tmp_path)
    return Shell()

"""Plans of shipped recipes, named as on the command line."""

import pytest

from bsgrow.cli.named_plan import named_plans


@pytest.fixture(scope="session")
def named():
    """Compile recipes by name, with overrides."""

    def compile_named(*names, settings=()):
        return named_plans(names, [], list(settings))

    return compile_named

"""One class serves whatever has a name: no name is taken twice, and a wrong one gets a hint."""

import pytest

from bsgrow.bench.systems import SYSTEMS
from bsgrow.data import DATASETS, LAYOUTS
from bsgrow.errors import InputError
from bsgrow.models import MODELS
from bsgrow.recipe import ARMS
from bsgrow.schedule import CURVES
from bsgrow.schedule.export import FORMATS, IMPORTS
from bsgrow.schedule.optimizers import OPTIMIZERS
from bsgrow.schedule.rules import RULES
from bsgrow.validation.registry import Registry

REGISTRIES = {
    "arms": ARMS,
    "curves": CURVES,
    "data sets": DATASETS,
    "export formats": FORMATS,
    "growth rules": RULES,
    "import formats": IMPORTS,
    "layouts of encoded images": LAYOUTS,
    "models": MODELS,
    "optimizers": OPTIMIZERS,
    "systems of the benchmark": SYSTEMS,
}


@pytest.fixture
def colours():
    return Registry("colour", ("red", 1), ("green", 2))


def test_things_keep_their_order_and_are_found_by_name(colours):
    assert colours.register("blue", 3) == 3
    assert dict(colours) == {"red": 1, "green": 2, "blue": 3}
    assert list(colours) == ["red", "green", "blue"]
    assert (colours.find("blue", "--colour blue"), colours["red"], len(colours)) == (3, 1, 3)


def test_a_name_is_taken_once(colours):
    with pytest.raises(ValueError, match="'red' is the name of a colour already: 1"):
        colours.register("red", 4)
    with pytest.raises(ValueError, match="'red' is the name of a colour already"):
        Registry("colour", ("red", 1), ("red", 1))
    assert colours["red"] == 1


@pytest.mark.parametrize(
    ("name", "hint"), [("Gren", 'did you mean "green"?'), (7, "one of green, red")]
)
def test_an_unknown_name_is_refused_with_the_nearest_one(colours, name, hint):
    with pytest.raises(InputError) as caught:
        colours.find(name, f"wall.colour = {name!r}")
    assert caught.value.message == f"wall.colour = {name!r}: no such colour"
    assert caught.value.hint == hint


def test_another_problem_can_be_named(colours):
    with pytest.raises(InputError, match=r"wall\.colour = 'x': unknown, and no mixture is given"):
        colours.find("x", "wall.colour = 'x'", "unknown, and no mixture is given")


@pytest.mark.parametrize("registry", REGISTRIES.values(), ids=REGISTRIES)
def test_whatever_users_name_is_in_a_registry_that_rejects_a_second_one(registry):
    name, entry = next(iter(registry.items()))
    with pytest.raises(ValueError, match=name):
        registry.register(name, entry)
    with pytest.raises(TypeError):
        registry[name] = entry  # past the check

"""The plan of every shipped recipe, byte for byte.

To accept changes: `python -m tests.schedule.test_golden`.
"""

import json
from pathlib import Path

import pytest

from bsgrow.data import LAYOUTS
from bsgrow.errors import InputError
from bsgrow.recipe import load_recipe, plan_recipe, shipped_recipes
from bsgrow.schedule import as_dict, plan_from_dict

GOLDEN = Path(__file__).parent / "golden"
NAMES = [name for name in shipped_recipes() if load_recipe(name).data.name not in LAYOUTS]


@pytest.mark.parametrize("name", NAMES)
def test_plan_of_a_shipped_recipe(name):
    plan = as_dict(plan_recipe(load_recipe(name)))
    assert json.dumps(plan, indent=2) + "\n" == (GOLDEN / f"{name}.json").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_written_plan_is_read_back(name):
    written = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    plan = plan_recipe(load_recipe(name))
    assert plan_from_dict(written, plan.reference, plan.growth) == plan


def test_there_is_a_golden_file_for_every_recipe_of_known_size_and_no_other():
    assert sorted(path.stem for path in GOLDEN.iterdir()) == NAMES


def test_what_is_no_plan_is_refused():
    plan = plan_recipe(load_recipe("digits"))
    with pytest.raises(InputError, match="num_samples = None: not a plan"):
        plan_from_dict({}, plan.reference, plan.growth)


def _accept():
    for name in NAMES:
        text = json.dumps(as_dict(plan_recipe(load_recipe(name))), indent=2) + "\n"
        (GOLDEN / f"{name}.json").write_text(text, "utf-8")


if __name__ == "__main__":
    _accept()

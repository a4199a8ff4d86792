"""The schedule package stands alone, and plans are the same every time."""

import json
import subprocess
import sys

from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.schedule import as_dict

IMPORTED = """
import sys
before = set(sys.modules)
import bsgrow.schedule
roots = {name.partition('.')[0] for name in set(sys.modules) - before}
print(sorted(roots - set(sys.stdlib_module_names) - {'bsgrow'}))
print(sorted(n for n in sys.modules if n.startswith('bsgrow.') and n.count('.') == 1))
"""


def test_imports_nothing_but_the_standard_library():
    output = subprocess.run(
        [sys.executable, "-c", IMPORTED], check=True, capture_output=True, text=True
    )
    third_party, ours = output.stdout.splitlines()
    assert third_party == "[]"
    assert ours == "['bsgrow.errors', 'bsgrow.schedule', 'bsgrow.text', 'bsgrow.validation']"


def test_the_same_recipe_gives_a_byte_identical_plan():
    script = (
        "import json; from bsgrow.recipe import *; from bsgrow.schedule import as_dict;"
        "print(json.dumps(as_dict(plan_recipe(load_recipe('cifar10-grow-lr-momentum')))))"
    )
    here = json.dumps(as_dict(plan_recipe(load_recipe("cifar10-grow-lr-momentum"))))
    for hash_seed in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": hash_seed},
        )
        assert there.stdout == here + "\n"

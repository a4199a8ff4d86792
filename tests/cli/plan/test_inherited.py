"""What a recipe takes from others, as `bsgrow plan` shows it."""

import json
from pathlib import Path

from bsgrow.recipe import as_toml, load_recipe

COSINE = 'curve = { name = "CosineAnnealingLR", T_max = 48 }'


def test_a_plan_says_from_which_recipe_it_has_which_keys(bsgrow):
    Path("b.toml").write_text(f'extends = "digits"\n[schedule]\n{COSINE}')
    Path("a.toml").write_text('extends = "b.toml"\n[growth]\nfactor = 1.5')
    shown, as_json = bsgrow("plan", "a.toml"), bsgrow("plan", "a.toml", "--format", "json")
    first, second = (x for x in shown.out.splitlines() if x.startswith("inherited from"))
    assert first.startswith("inherited from digits: data.name, augment.pad, model.{name, depth,")
    assert second == "inherited from b.toml: schedule.curve.{name, T_max}"
    assert json.loads(as_json.out)["inherited"]["b.toml"] == [
        "schedule.curve.name",
        "schedule.curve.T_max",
    ]


def test_a_setting_is_not_inherited(bsgrow):
    Path("a.toml").write_text(f'extends = "digits"\n[schedule]\n{COSINE}')
    words = ("plan", "a.toml", "--set", "run.ghost_batch_size=8", "--lr", "0.2")
    (line,) = (x for x in bsgrow(*words).out.splitlines() if x.startswith("inherited from"))
    assert "run.num_threads" in line
    assert "schedule.{epochs, global_batch_size}" in line


def test_a_name_makes_no_line_of_its_own(bsgrow):
    Path("a.toml").write_text('extends = "digits"')
    written = as_toml(load_recipe("a.toml")).replace("digits = [", '"a\\nhint: b\\u001b[31m" = [')
    Path("run.toml").write_text(written)
    (line,) = (x for x in bsgrow("plan", "run.toml").out.splitlines() if "inherited from" in x)
    assert "a\\nhint: b\\x1b[31m" in line
    assert "num_threads" in line

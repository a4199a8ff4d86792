"""The staircase in the terminal."""

import pytest

from bsgrow.recipe import load_recipe, make_planned
from bsgrow.reporting.plan_sketch import sketch
from bsgrow.schedule import Growth, Reference, compile_plan

CIFAR_GROW = """\
 5120                                 ▃▃▃▃▃▃▃▃▃▃███████████
                                      █████████████████████
  640                 ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄█████████████████████
                      █████████████████████████████████████
  128 ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄█████████████████████████████████████
      0               60              120       160     200
      global batch size over epochs"""


def plan_of(recipe):
    return make_planned(load_recipe(recipe)).plan


def heights(text):
    """The height of each column in eighths, read back from the drawing."""
    rows = text.splitlines()[:-2]
    margin = text.splitlines()[-1].index("g")
    width = max(map(len, rows)) - margin
    columns = zip(*(row[margin:].ljust(width) for row in rows), strict=True)
    return [sum(" ▁▂▃▄▅▆▇█".index(block) for block in column) for column in columns]


def test_a_step_schedule():
    text = sketch(plan_of("cifar10-grow"), 59)
    assert [line.rstrip() for line in text.splitlines()] == CIFAR_GROW.splitlines()


@pytest.mark.parametrize("width", [24, 40, 80, 300])
def test_it_fits_the_width(width):
    text = sketch(plan_of("cifar10-grow"), width)
    assert max(map(len, text.splitlines()[:-1])) <= min(width, 78)


def test_a_terminal_that_is_too_narrow():
    assert sketch(plan_of("cifar10-grow"), 20) == ""


def test_a_batch_that_stays_is_one_line():
    lines = sketch(plan_of("cifar10-decay"), 60).splitlines()
    assert len(lines) == 3
    assert set(lines[0].split()[1]) == {"▄"}


def test_a_growing_batch_never_falls():
    curve = {"name": "CosineAnnealingLR", "T_max": 200}
    growth = Growth(factor="continuous", max_batch_size=5000)
    plan = compile_plan(Reference(200, 0.1, 128, 0.9, curve), growth, 50_000)
    drawn = heights(sketch(plan, 80))
    assert drawn == sorted(drawn)
    assert (drawn[0], drawn[-1]) == (4, 40)


def test_tokens_and_the_number_of_updates_that_are_looked_at():
    curve = {"name": "WarmupStableDecay", "warmup": 2e9, "stable": 798e9, "decay": 200e9}
    reference = Reference(1, 3e-4, 256, 0.0, curve, "tokens", 4096)
    plan = compile_plan(reference, Growth(max_batch_size=4096), 10**12 // 4096)
    lines = sketch(plan, 80).splitlines()
    assert lines[-1].strip() == "global batch size over tokens (trillions)"
    assert lines[-2].split()[-1] == "1"


def test_a_cut_last_update_is_drawn_as_its_phase():
    plan = compile_plan(Reference(1, 0.1, 64), Growth(), 65)
    assert plan.update(1).global_batch_size == 1
    assert sketch(plan, 60).splitlines()[0].startswith(" 64 ▄")


def test_growth_within_the_first_column_shows_where_it_began():
    curve = {"name": "StepLR", "step_size": 0.5, "gamma": 0.1}
    plan = compile_plan(Reference(1000, 0.1, 8, 0.0, curve), Growth(max_batch_size=800), 10_000)
    drawn = heights(sketch(plan, 60))
    assert (drawn[0], set(drawn[1:])) == (4, {40})


def test_positions_have_no_exponent():
    curve = {"name": "MultiStepLR", "milestones": [12_345]}
    plan = compile_plan(Reference(25_000, 0.1, 8, 0.0, curve), Growth(), 1000)
    assert sketch(plan, 60).splitlines()[-2].split() == ["0", "12300", "25000"]

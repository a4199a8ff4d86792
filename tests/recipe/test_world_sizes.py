"""Over how many processes each phase is planned, and where that changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.recipe import (
    WorldSizeChange,
    as_toml,
    changed_keys,
    load_recipe,
    make_arm,
    make_planned,
    next_world_size_change,
    recipe_fingerprint,
    recipe_from_table,
    world_size_at,
    world_sizes,
)
from bsgrow.recipe.toml_text import parse_toml

BATCHES = [128, 640, 3200, 5120]  # of cifar10-grow
FIRSTS = [0, 23_438, 28_126, 28_751]  # updates


def planned(*settings, name="cifar10-grow"):
    made = make_planned(load_recipe(name, settings))
    return made.plan, made.recipe


def sizes(*settings):
    return world_sizes(*planned(*settings))


def test_without_a_list_every_phase_has_the_same():
    assert sizes() == (1, 1, 1, 1)
    assert sizes("run.world_size=8") == (8, 8, 8, 8)
    assert sizes("run.world_size=8", "run.world_sizes=[1, 2, 4, 4]") == (1, 2, 4, 4)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([], (1, 2, 8, 16)),  # micro-batches of 256
        (["run.min_samples_per_device=128"], (1, 4, 16, 32)),
        (["run.min_samples_per_device=640"], (1, 1, 4, 8)),
        (["run.max_world_size=12"], (1, 2, 12, 12)),
        (["run.max_world_size=8"], (1, 2, 8, 8)),
        (["run.max_world_size=1"], (1, 1, 1, 1)),
        (["run.min_samples_per_device=1"], (1, 4, 16, 32)),  # a ghost batch of 128 is whole
        (["run.min_samples_per_device=1", "run.ghost_batch_size=1"], (128, 512, 2048, 4096)),
        (["run.min_samples_per_device=100000"], (1, 1, 1, 1)),
    ],
    ids=str,
)
def test_automatic(settings, expected):
    assert sizes("run.world_sizes=auto", *settings) == expected


@given(
    floor=st.integers(1, 10_000),
    most=st.none() | st.integers(1, 10_000),
    ghost=st.sampled_from([1, 16, 128]),
)
def test_an_automatic_one_is_the_largest_that_leaves_enough(floor, most, ghost):
    limit = [] if most is None else [f"run.max_world_size={most}"]
    plan, recipe = planned(
        *("run.world_sizes=auto", f"run.min_samples_per_device={floor}"),
        *(f"run.ghost_batch_size={ghost}", *limit),
    )
    candidates = {2**i for i in range(31)} | ({most} if most else set())
    for phase, size in zip(plan.phases, world_sizes(plan, recipe), strict=True):
        enough = [
            each
            for each in candidates
            if phase.global_batch_size >= each * max(floor, ghost) and each <= (most or each)
        ]
        assert size == max(enough, default=1)


@pytest.mark.parametrize(
    ("written", "has"),
    [([1], "has 1 number,"), ([1, 2, 4], "has 3 numbers,"), ([1] * 5, "has 5 numbers,")],
)
def test_a_list_that_does_not_fit_the_phases(written, has):
    with pytest.raises(InputError, match=f"run.world_sizes: {has} and the plan has 4 phases") as e:
        planned(f"run.world_sizes={written}")
    assert "--set 'run.world_sizes=[1, 2, 8, 16]'" in e.value.hint


def test_many_phases_are_not_written_out():
    smooth = ["schedule.curve={name='CosineAnnealingLR', T_max=200}", "growth.factor='continuous'"]
    with pytest.raises(InputError) as error:
        planned("run.world_sizes=[1, 2]", *smooth)
    assert error.value.hint.endswith("run.world_sizes=auto")


WRONG = ["[]", "[0]", "[1, -2]", "[1, 2.5]", "[true]", "['a']", "3", "1.5", "'most'", "{a = 1}"]
WRONG += ["[2147483648]", "[1, [2]]", "[nan]", "true"]


@pytest.mark.parametrize("written", WRONG)
def test_what_is_no_list_of_world_sizes(written):
    with pytest.raises(InputError, match=r"^run\.world_sizes") as error:
        load_recipe("digits", [f"run.world_sizes={written}"])
    assert error.value.hint
    if "nan" not in written:
        assert 'must be a list of numbers from 1 to 2147483647, one a phase, or "auto"' in str(
            error.value
        )


@pytest.mark.parametrize("key", ["max_world_size", "min_samples_per_device"])
@pytest.mark.parametrize("written", ["0", "-1", "1.5", "many", "99999999999", "[1]"])
def test_limits_that_are_none(key, written):
    with pytest.raises(InputError, match=rf"^run\.{key} = "):
        load_recipe("digits", [f"run.{key}={written}"])


def test_where_the_world_size_changes():
    plan, recipe = planned("run.world_sizes=[1, 2, 2, 4]")
    assert [phase.first_index for phase in plan.phases] == FIRSTS
    assert next_world_size_change(plan, recipe, 0) == WorldSizeChange(FIRSTS[1], 2)
    assert next_world_size_change(plan, recipe, FIRSTS[1] - 1) == WorldSizeChange(FIRSTS[1], 2)
    assert next_world_size_change(plan, recipe, FIRSTS[1]) == WorldSizeChange(FIRSTS[3], 4)
    assert next_world_size_change(plan, recipe, FIRSTS[2]) == WorldSizeChange(FIRSTS[3], 4)
    assert next_world_size_change(plan, recipe, FIRSTS[3]) is None
    at = [world_size_at(plan, recipe, i) for i in (0, FIRSTS[1] - 1, FIRSTS[1], FIRSTS[3])]
    assert at == [1, 1, 2, 4]


def test_a_world_that_stays():
    assert next_world_size_change(*planned("run.world_size=4"), 0) is None
    assert next_world_size_change(*planned(), 0) is None


@given(st.lists(st.integers(1, 3), min_size=4, max_size=4), st.integers(0, 29_141))
def test_up_to_a_change_the_world_is_the_same(written, index):
    plan, recipe = planned(f"run.world_sizes={written}")
    now, change = world_size_at(plan, recipe, index), next_world_size_change(plan, recipe, index)
    end = plan.num_updates if change is None else change.update_index
    assert index < end
    assert {world_size_at(plan, recipe, each) for each in (index, (index + end) // 2, end - 1)} == {
        now
    }
    if change is not None:
        assert change.world_size == world_size_at(plan, recipe, end) != now


@pytest.mark.parametrize("index", [-1, 29_142])
def test_no_such_update(index):
    with pytest.raises(IndexError, match=f"update {index} of a plan of 29142"):
        next_world_size_change(*planned(), index)


@pytest.mark.parametrize(
    "settings",
    [
        ["run.world_sizes=auto"],
        ["run.world_sizes=[1, 2, 4, 8]"],
        ["run.max_world_size=8", "run.min_samples_per_device=64"],
    ],
    ids=str,
)
def test_the_world_is_no_part_of_a_run(settings):
    before, after = load_recipe("cifar10-grow"), load_recipe("cifar10-grow", settings)
    assert changed_keys(before, after) == {}
    assert recipe_fingerprint(before) == recipe_fingerprint(after)
    assert recipe_from_table(parse_toml(as_toml(after))) == after


def test_a_list_is_of_the_phases_of_one_arm():
    recipe = load_recipe("cifar10-grow", ["run.world_sizes=[1, 2, 4, 8]"])
    assert make_arm(recipe, "grow", 0).run.world_sizes == (1, 2, 4, 8)
    assert make_arm(recipe, "decay", 0).run.world_sizes is None
    automatic = make_arm(load_recipe("cifar10-grow", ["run.world_sizes=auto"]), "decay", 0)
    assert automatic.run.world_sizes == "auto"

"""Batches that are parts of the training set: lowered with few samples, the same with many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.recipe import (
    as_toml,
    load_recipe,
    make_arm,
    make_planned,
    plan_recipe,
    recipe_fingerprint,
    recipe_from_table,
)
from bsgrow.recipe.fit import fit


def folder(num_samples, *overrides):
    return load_recipe("folder", [f"data.num_samples={num_samples}", *overrides])


def sizes(plan):
    return [phase.global_batch_size for phase in plan.phases]


@given(st.integers(1, 10**7))
def test_the_recipe_of_a_folder_plans_any_number_of_photographs(num_samples):
    planned = make_planned(folder(num_samples))
    tenth = max(1, num_samples // 10)
    assert sizes(planned.plan)[0] == min(64, tenth)
    assert max(sizes(planned.plan)) <= tenth
    assert planned.recipe.ghost_batch_size == min(64, tenth)
    assert planned.recipe.micro_batch_size % planned.recipe.ghost_batch_size == 0
    first, reference = planned.plan.phases[0], load_recipe("folder").schedule
    assert first.lr / first.global_batch_size == pytest.approx(
        reference.lr / reference.global_batch_size, rel=1e-12
    )
    assert planned.plan.num_updates <= planned.plan.baseline_num_updates
    assert bool(planned.notes) == (num_samples < 640)


@pytest.mark.parametrize(
    ("num_samples", "expected"),
    [
        (12, [1, 1, 1, 1]),
        (200, [20, 20, 20, 20]),
        (1600, [64, 160, 160, 160]),
        (16_000, [64, 320, 1600, 1600]),
    ],
)
def test_caps_and_batches_follow_the_number_of_samples(num_samples, expected):
    assert sizes(plan_recipe(folder(num_samples))) == expected


@pytest.mark.parametrize("arm", ["decay", "hybrid", "grow"])
@pytest.mark.parametrize("num_samples", [12, 200])
def test_every_arm_starts_from_the_same_batch(arm, num_samples):
    planned = make_planned(make_arm(folder(num_samples), arm, 0))
    assert sizes(planned.plan)[0] == max(1, num_samples // 10)


def test_a_number_that_is_given_is_taken():
    plan = plan_recipe(folder(200, "growth.max_batch_size=50"))
    assert sizes(plan) == [20, 50, 50, 50]
    table = folder(200).model_dump(mode="json", exclude_none=True)
    del table["schedule"]["batch_limit"]
    table["schedule"]["global_batch_size"] = 40
    assert sizes(plan_recipe(recipe_from_table(table))) == [40, 40, 40, 40]


@pytest.mark.parametrize("size", [1, 16, 128])
def test_a_smaller_or_larger_first_batch_needs_no_other_key(size):
    plan = plan_recipe(folder(16_000, f"schedule.global_batch_size={size}"))
    assert sizes(plan)[0] == size


def test_a_recipe_that_was_fitted_stays_as_it_is():
    once = make_planned(folder(200)).recipe
    again = make_planned(recipe_from_table(once.model_dump(mode="json", exclude_none=True)))
    assert as_toml(again.recipe) == as_toml(once)
    assert recipe_fingerprint(again.recipe) == recipe_fingerprint(once)
    assert again.notes == ()


ADAMW = ["optimizer={name='adamw', weight_decay=0.1, eps=1e-6}", "growth.rule=sqrt"]


def test_adam_is_lowered_by_the_root():
    assert fit(folder(160, *ADAMW), 160).schedule.lr == pytest.approx(0.1 / 2)


def test_constants_of_updates_stay_what_they_are_to_a_sample():
    """A quarter of the batch, four times the updates, of half the learning rate each."""
    planned = make_planned(folder(160, *ADAMW))
    lowered = planned.recipe.optimizer
    assert [beta**4 for beta in lowered.betas] == pytest.approx([0.9, 0.999], rel=1e-12)
    assert (lowered.eps, lowered.weight_decay) == pytest.approx((2e-6, 0.05), rel=1e-12)
    assert "; betas 0.974, 0.9997; eps 2e-06; weight_decay 0.05" in planned.notes[0]
    assert make_planned(planned.recipe).recipe == planned.recipe, "and once"


@pytest.mark.parametrize(
    ("settings", "rescale"),
    [
        (ADAMW, "[]"),
        (ADAMW, '["batch_norm"]'),  # as runs from before the key have it
        (["optimizer.betas=[0.8, 0.9]"], '["adam", "weight_decay"]'),  # SGD has none of them
    ],
)
def test_what_growth_rescale_does_not_name_stays_as_written(settings, rescale):
    written = folder(160, *settings, f"growth.rescale={rescale}", "optimizer.ema_decay=0.99")
    assert fit(written, 160).optimizer == written.optimizer


def test_what_is_named_goes_by_the_rule_of_the_optimizer_whatever_the_batch_grows_by():
    written = folder(160, *ADAMW, "growth.rescale=['weight_decay']", "growth.rule=linear")
    lowered = fit(written, 160).optimizer
    assert (lowered.betas, lowered.weight_decay) == ((0.9, 0.999), pytest.approx(0.05))


def test_the_learning_rates_of_a_curve_are_lowered_with_it():
    inner = "{name='CosineAnnealingLR', T_max=90, eta_min=0.01}"
    curve = f"schedule.curve={{name='LinearWarmup', total_iters=2, curve={inner}}}"
    lowered = fit(folder(160, curve), 160).schedule
    assert (lowered.global_batch_size, lowered.lr) == (16, 0.025)
    assert lowered.curve["curve"]["eta_min"] == 0.0025
    assert lowered.curve["total_iters"] == 2
    table = "schedule.curve={name='TableLR', positions=[0, 1], lrs=[0.1, 0.05]}"
    assert fit(folder(160, table), 160).schedule.curve["lrs"] == [0.025, 0.0125]


def test_a_micro_batch_stays_whole_ghost_batches():
    lowered = make_planned(folder(200, "run.micro_batch_size=128")).recipe
    assert (lowered.ghost_batch_size, lowered.micro_batch_size) == (20, 120)


@pytest.mark.parametrize(("given", "fitted"), [(16, 16), (256, 256), (10**9, 256)])
def test_a_micro_batch_that_no_update_fills_holds_no_memory(given, fitted):
    planned = make_planned(load_recipe("digits", [f"run.micro_batch_size={given}"]))
    assert planned.recipe.run.micro_batch_size == fitted


def test_a_micro_batch_may_be_as_large_as_the_largest_batch():
    large = ["growth.max_batch_size=1000", "schedule.curve.gamma=0.01", "run.micro_batch_size=2000"]
    assert make_planned(load_recipe("digits", large)).recipe.run.micro_batch_size == 1008


@pytest.mark.parametrize(
    ("override", "message", "hint"),
    [
        ("growth.max_batch_size=N/0", "growth.max_batch_size = 'N/0': must be a valid integer, or",
         "Largest global batch size"),
        ("growth.max_batch_size=0.1", "growth.max_batch_size = 0.1: must be a valid", "Largest"),
        ("growth.max_batch_size=" + "N" * 999, "growth.max_batch_size = 'NNN", "Largest"),
        ("schedule.batch_limit=N", "schedule.batch_limit = 'N': must be a part of the training set",
         "Part of the training set"),
        ("schedule.batch_limit=64", "schedule.batch_limit = 64: must be a valid string", "Part of"),
        ("schedule.unit=updates", 'schedule.unit = "updates": there would be more', "in epochs"),
    ],
    ids=lambda value: value[:40],
)  # fmt: skip
def test_what_is_no_part_is_named(override, message, hint):
    with pytest.raises(InputError) as caught:
        folder(200, override)
    assert message in caught.value.message
    assert len(caught.value.message) < 250
    assert hint in caught.value.hint


def test_ordinary_batch_norm_takes_the_whole_batch_as_it_grows():
    recipe = load_recipe("digits", ["run.batch_norm=batch"])
    planned = make_planned(recipe)
    assert planned.recipe.ghost_batch_size == max(sizes(planned.plan)) == 128
    assert planned.recipe.micro_batch_size % 128 == 0
    assert make_planned(planned.recipe).recipe == planned.recipe, "it resumes as it was resolved"
    assert recipe_fingerprint(recipe) != recipe_fingerprint(load_recipe("digits"))
    with pytest.raises(InputError, match=r"run.micro_batch_size = 64: not a multiple"):
        make_planned(load_recipe("digits", ["run.batch_norm=batch", "run.micro_batch_size=64"]))


def test_averaged_weights_remember_as_many_samples_in_smaller_batches():
    written = folder(320, "optimizer.ema_decay=0.99")
    lowered = make_planned(written).recipe
    assert lowered.schedule.global_batch_size == 32
    assert lowered.optimizer.ema_decay == pytest.approx(0.99**0.5, rel=1e-12)
    assert fit(folder(16_000, "optimizer.ema_decay=0.99"), 16_000).optimizer.ema_decay == 0.99

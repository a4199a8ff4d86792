"""An average that is longer than the run is told of before it is made."""

import re

from bsgrow.recipe import load_recipe, make_planned


def notes(decay, *settings):
    planned = make_planned(load_recipe("digits", [f"optimizer.ema_decay={decay}", *settings]))
    reference = planned.recipe.schedule.global_batch_size
    return planned.notes, planned.plan.num_total_samples / reference


def test_the_share_of_the_start_is_said_and_a_decay_that_fits():
    (note,), num_updates = notes(0.9999)
    assert f"the start for {0.9999**num_updates:.0%} at the end" in note
    fits = float(re.search(r"; (0\.\d+) would leave none", note)[1])
    assert notes(fits)[0] == ()
    assert fits**num_updates < 1e-6
    assert len(str(fits)) <= len("0.995")


def test_of_a_run_of_a_few_updates_no_decay_is_proposed():
    constant = "schedule.curve={name='ConstantLR', factor=1.0}"
    (note,), _ = notes(0.9, "schedule.epochs=0.25", constant)
    assert "would leave none" not in note
    assert load_recipe("digits").optimizer.ema_decay is None
    assert make_planned(load_recipe("digits")).notes == ()

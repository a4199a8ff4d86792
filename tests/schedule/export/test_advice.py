"""What a plan that a system cannot follow is sent to: each way that the hint names is exact."""

from dataclasses import replace

import pytest

from bsgrow.errors import InputError
from bsgrow.schedule import Growth, Reference, compile_plan
from bsgrow.schedule.export import Optimizer, Target, export_plan

SMOOTH = {
    "cosine": {"name": "CosineAnnealingLR", "T_max": 4},
    "wsd": {"name": "WarmupStableDecay", "warmup": 0, "stable": 2, "decay": 2},
}
STEP = {"name": "MultiStepLR", "milestones": [2], "gamma": 0.5}
NAMED = ["megatron", "levanter", "nemo"]
EXACT = Target(sequence_length=512, micro_batch_size=64)


def planned(curve, mode):
    reference = Reference(epochs=4, lr=0.1, global_batch_size=128, curve=curve)
    return compile_plan(reference, Growth(mode=mode, max_batch_size=1024), 128 * 4096)


def refusal(plan, name, target=EXACT):
    with pytest.raises(InputError) as error:
        export_plan(plan, name, target)
    return error.value


@pytest.mark.parametrize("curve", SMOOTH.values(), ids=SMOOTH)
@pytest.mark.parametrize("name", NAMED)
def test_levels_on_a_smooth_curve_are_sent_where_they_are_exact(name, curve):
    plan = planned(curve, "grow")
    hint = refusal(plan, name).hint
    for way in ("take deepspeed, which follows", "take olmo-core, which", "growth.mode=decay"):
        assert way in hint
    assert "growth.mode=grow" not in hint  # it is so already
    export_plan(plan, "deepspeed", EXACT)
    near = Target(sequence_length=512, approximate=True)
    assert "scheduler = ComposableScheduler" in export_plan(plan, "olmo-core", near)
    export_plan(planned(curve, "decay"), name, EXACT)
    export_plan(planned(STEP, "grow"), name, EXACT)


def test_a_step_curve_is_told_the_cap_that_leaves_no_decay():
    curve = {"name": "MultiStepLR", "milestones": [1, 2, 3], "gamma": 0.25}
    reference = Reference(epochs=4, lr=0.1, global_batch_size=16, curve=curve)
    plan = compile_plan(reference, Growth(max_batch_size=128), 4096)
    small = Target(sequence_length=512, micro_batch_size=16)
    for name in ("megatron", "levanter"):
        hint = refusal(plan, name).hint
        assert "a step curve with growth.max_batch_size=1024" in hint
        assert "growth.mode" not in hint
        export_plan(compile_plan(reference, Growth(max_batch_size=1024), 4096), name, small)


def test_a_cosine_is_held_by_epoch_for_lightning():
    reference = Reference(4, 0.1, 64, curve=SMOOTH["cosine"])
    plan = compile_plan(reference, Growth(mode="decay"), 4096)
    assert (
        "Lightning itself follows this curve with schedule.hold=epoch"
        in refusal(plan, "lightning").hint
    )
    held = compile_plan(replace(reference, hold="epoch"), Growth(mode="decay"), 4096)
    export_plan(held, "lightning", EXACT)


def test_levels_of_two_are_near_for_olmo_core():
    reference = Reference(4, 0.1, 96, curve=SMOOTH["cosine"])
    plan = compile_plan(reference, Growth(max_batch_size=1000), 40_960)
    hint = refusal(plan, "olmo-core").hint
    assert "comes near this curve with growth.factor=2 growth.max_batch_size=768" in hint
    doubled = compile_plan(reference, Growth(factor=2.0, max_batch_size=768), 40_960)
    export_plan(doubled, "olmo-core", Target(sequence_length=512, approximate=True))


def test_shrinking_may_be_given_up():
    curve = {"name": "TableLR", "positions": [0, 1, 2], "lrs": [0.1, 0.05, 0.05]}
    falls = curve | {"lrs": [0.1, 0.05, 0.1]}
    reference = Reference(3, 0.1, 64, curve=falls)
    plan = compile_plan(reference, Growth(shrink=True), 2048)
    error = refusal(plan, "megatron")
    assert "asserts that the batch grows" in error.message
    assert "take deepspeed" in error.hint


def test_a_plan_that_is_far_is_never_told_to_approximate():
    for name in NAMED:
        error = refusal(planned(SMOOTH["cosine"], "grow"), name)
        assert "an approximation is off by" in error.message or "ramp" in error.message
        assert "pass approximate" not in error.hint


def test_the_first_reason_is_the_curve_not_the_momentum_or_the_options():
    reference = Reference(4, 0.1, 128, momentum=0.9, curve=SMOOTH["cosine"])
    plan = compile_plan(reference, Growth(max_batch_size=1024), 128 * 4096)
    for name in ("megatron", "levanter"):
        error = refusal(plan, name, Target(optimizer=Optimizer(nesterov=True)))
        assert "no learning-rate curve that follows" in error.message
        assert "momentum" not in error.hint


def test_a_small_deviation_is_only_to_be_accepted(make_plan):
    plan = make_plan([(16, 100)], lambda sample, size: 0.1 + 0.001 * (sample // 16 % 2))
    with pytest.raises(InputError, match=r"off by up to 0\.0") as error:
        export_plan(plan, "megatron", Target(sequence_length=512))
    assert error.value.hint.startswith("pass approximate")


def test_a_batch_that_does_not_grow_is_not_told_to_decay(make_plan):
    plan = make_plan([(16, 100)], lambda sample, size: 0.1 if sample % 800 else 0.2)
    with pytest.raises(InputError) as error:
        export_plan(plan, "megatron", Target(sequence_length=512))
    assert "deepspeed" in error.value.hint
    assert "growth.mode" not in error.value.hint


def test_a_curve_of_too_many_turns_is_refused_without_an_option_that_would_not_help():
    turns = {"name": "CyclicLR", "base_lr": 0.001, "max_lr": 0.1, "step_size_up": 0.004}
    plan = compile_plan(Reference(90, 0.1, 1, curve=turns), Growth(mode="decay"), 1000)
    error = refusal(plan, "deepspeed")
    assert "turns or steps over 10000 times" in error.message
    assert "lr_tolerance" not in (error.hint or "")

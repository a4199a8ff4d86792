"""What a plan that a system cannot follow is sent to: each way that the hint names is exact."""

import pytest

from bsgrow.errors import InputError
from bsgrow.schedule import Growth, Reference, compile_plan
from bsgrow.schedule.export import Target, export_plan

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


@pytest.mark.parametrize("curve", SMOOTH.values(), ids=SMOOTH)
@pytest.mark.parametrize("name", NAMED)
def test_levels_on_a_smooth_curve_are_sent_where_they_are_exact(name, curve):
    plan = planned(curve, "grow")
    with pytest.raises(InputError) as error:
        export_plan(plan, name, EXACT)
    for way in ("deepspeed", "olmo-core", "growth.mode=decay", "growth.mode=grow"):
        assert way in error.value.hint
    export_plan(plan, "deepspeed", EXACT)
    near = Target(sequence_length=512, approximate=True)
    assert "scheduler = ComposableScheduler" in export_plan(plan, "olmo-core", near)
    export_plan(planned(curve, "decay"), name, EXACT)
    export_plan(planned(STEP, "grow"), name, EXACT)


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

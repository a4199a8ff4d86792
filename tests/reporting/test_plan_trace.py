"""The outline agrees with the plan, and stays small."""

import pytest

from bsgrow.reporting.plan_trace import noise_at, outline, reference_plan
from bsgrow.schedule import Growth, Reference, compile_plan, sgd_noise_scale


def test_steps_are_two_corners_a_phase(step_plan):
    points = outline(step_plan)
    phases = [phase for phase in step_plan.phases for _ in range(2)]
    assert [point.global_batch_size for point in points] == [p.global_batch_size for p in phases]
    assert [point.lr for point in points] == [phase.lr for phase in phases]
    edges = [s for p in step_plan.phases for s in (p.start_sample, p.stop_sample)]
    assert [point.sample for point in points[:-1]] == edges[:-1]


@pytest.mark.parametrize("name", ["step_plan", "cosine_plan", "token_plan"])
def test_the_ends_of_every_phase_are_corners(name, request):
    plan = request.getfixturevalue(name)
    drawn = {(point.sample, point.lr) for point in outline(plan)}
    for phase in plan.phases:
        assert (phase.start_sample, phase.lr) in drawn
        assert (phase.last_start + phase.global_batch_size, plan.last_lr(phase)) in drawn


def test_corners_of_very_many_phases_lie_on_the_plan(continuous_plan):
    for point in outline(continuous_plan):
        update = continuous_plan.at(point.sample)
        assert (point.lr, point.global_batch_size) == (update.lr, update.global_batch_size)


def test_the_noise_scale_of_the_outline_is_that_of_the_phase(cosine_plan):
    points = {point.sample: point for point in outline(cosine_plan)}
    for phase in cosine_plan.phases:
        noise = cosine_plan.sgd_noise_scale(phase)
        assert noise_at(points[phase.start_sample], cosine_plan) == pytest.approx(noise, rel=1e-12)


def test_the_number_of_points_is_bounded(huge_plan, continuous_plan, token_plan):
    assert len(continuous_plan.phases) > 1024
    for plan in (huge_plan, continuous_plan, token_plan):
        assert len(outline(plan)) <= 4096
        assert len(outline(plan, 256)) <= 256
        assert outline(plan)[0].sample == 0


def test_few_updates_are_drawn_as_stairs_and_the_cut_one_whole():
    reference = Reference(1, 0.1, 32, 0.0, {"name": "LinearLR", "total_iters": 1})
    plan = compile_plan(reference, Growth(mode="decay"), 100)
    points = outline(plan)
    assert [point.sample for point in points] == [0, 32, 32, 64, 64, 96, 96, 128]
    assert [point.lr for point in points[::2]] == [point.lr for point in points[1::2]]
    assert points[-1].lr == plan.last_lr(plan.phases[-1]) > plan.update(3).lr


def test_the_reference_as_a_plan(step_plan):
    published = reference_plan(step_plan)
    assert published.num_updates == step_plan.baseline_num_updates
    assert {phase.global_batch_size for phase in published.phases} == {128}
    lrs = [phase.lr for phase in published.phases]
    assert lrs == pytest.approx([0.1, 0.02, 0.004, 0.0008], rel=1e-12)
    first = published.phases[0]
    noise = sgd_noise_scale(0.1, 128, 0.9, 50_000)
    assert noise_at(outline(published)[0], published) == published.sgd_noise_scale(first) == noise

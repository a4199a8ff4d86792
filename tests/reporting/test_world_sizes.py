"""How batches divide over ranks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.reporting.plan_views import Views, plan_remarks
from bsgrow.reporting.world_sizes import division, idle_ranks, world_size_rows
from bsgrow.stream import Share

sizes = st.integers(1, 400)


@given(
    batch=st.integers(1, 20_000), ghost=sizes, micros=st.integers(1, 4), ranks=st.integers(1, 70)
)
def test_a_division_is_what_the_ranks_do(batch, ghost, micros, ranks):
    divided = division(batch, ghost, ghost * micros, ranks)
    shares = [Share(rank, ranks, ghost) for rank in range(ranks)]
    loads = [stop - start for start, stop in (share.run(0, batch) for share in shares)]
    steps = [len(list(share.micro_batches(0, batch, ghost * micros))) for share in shares]
    assert divided.gradient_accumulation_steps == max(steps)
    assert divided.idle_share == pytest.approx(1 - sum(loads) / ranks / max(loads))
    assert divided.even == (len(set(loads)) == 1 and all(load % ghost == 0 for load in loads))
    assert divided.whole_ghost_batches == all(load % ghost == 0 for load in loads)


def test_a_short_ghost_batch_is_not_even_though_no_rank_waits():
    divided = division(100, 64, 64, 1)
    assert (divided.even, divided.whole_ghost_batches, divided.idle_share) == (False, False, 0)


def test_rows(named):
    entry = named("cifar10-grow")[0]
    rows = list(world_size_rows(entry.recipe, entry.plan, [1, 8]))
    assert [row["gradient_accumulation_steps"] for row in rows] == [1, 1, 3, 1, 13, 2, 20, 3]
    assert [row["even"] for row in rows] == [True, False, True, False, True, False, True, True]
    assert rows[1]["idle_share"] == 0.875
    assert [row["start_sample"] for row in rows[::2]] == [
        phase.start_sample for phase in entry.plan.phases
    ]


def test_ranks_that_have_nothing_to_do_are_pointed_out(named):
    (enough,) = named("cifar10-grow", settings=["run.world_size=1"])
    assert idle_ranks(enough.recipe, enough.plan) == []
    (many,) = named("imagenet-grow", settings=["run.world_size=129"])
    assert idle_ranks(many.recipe, many.plan) == [
        "run.world_size = 129: the first global batch of 8192 is 128 ghost batches of 64, so that "
        "1 ranks have no samples in it"
    ]
    assert idle_ranks(many.recipe, many.plan)[0] in plan_remarks(many, Views())


def test_one_of_several_numbers_of_ranks_is_too_many(named):
    (entry,) = named("cifar10-grow", settings=["run.world_sizes=[1, 8, 16, 16]"])
    assert idle_ranks(entry.recipe, entry.plan) == [
        "run.world_sizes[1] = 8: the global batch of 640 is 5 ghost batches of 128, so that "
        "3 ranks have no samples in it"
    ]
    (one,) = named("digits", settings=["run.world_size=8"])
    assert "16 is 1 ghost batch of 16, so that 7 ranks" in idle_ranks(one.recipe, one.plan)[0]
    (automatic,) = named("cifar10-grow", settings=["run.world_sizes=auto"])
    assert idle_ranks(automatic.recipe, automatic.plan) == []


def test_a_world_size_beside_a_list_is_not_taken_and_that_is_said(named):
    said = "run.world_sizes is taken, and run.world_size = 4 is not"
    (both,) = named("cifar10-grow", settings=["run.world_sizes=auto", "run.world_size=4"])
    (alone,) = named("cifar10-grow", settings=["run.world_size=4"])
    assert said in plan_remarks(both, Views())
    assert said not in plan_remarks(alone, Views())
    started = "run.world_size = 4: training is started with"
    assert any(note.startswith(started) for note in plan_remarks(alone, Views()))
    assert not any(note.startswith(started) for note in plan_remarks(both, Views()))

"""Predictions for any number of ranks."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.reporting.all_reduce import AllReduce
from bsgrow.reporting.interference import Interference
from bsgrow.reporting.throughput import Throughput
from bsgrow.reporting.wall_clock import (
    WallClock,
    baseline_seconds,
    phase_seconds,
    seconds_of_phases,
    total_seconds,
)
from bsgrow.stream import Share

THROUGHPUT = Throughput("train", (128, 640, 5120), (1000.0, 2000.0, 4000.0), {})
FLAT = Throughput("train", (1,), (1000.0,), {})
NETWORK = AllReduce(1e-3, 1e9)
clocks = st.builds(
    WallClock,
    st.just(THROUGHPUT),
    st.builds(AllReduce, st.floats(0, 1e-2), st.floats(1e6, 1e12), st.floats(0, 1)),
    st.integers(1, 2**32),
    st.sampled_from([1, 16, 128]),
    st.sampled_from([128, 256, 1024]),
    st.builds(Interference, st.floats(1, 10), st.floats(0, 1e-1)),
)
batches = st.integers(1, 100_000)
worlds = st.integers(1, 5000)


def test_one_device_by_hand(step_plan):
    clock = WallClock(THROUGHPUT)
    at_3200 = 2000 + 2000 * math.log(5) / math.log(8)
    samples = [p.stop_sample - p.start_sample for p in step_plan.phases]
    seconds = [n / r for n, r in zip(samples, (1000, 2000, at_3200, 4000), strict=True)]
    assert list(seconds_of_phases(step_plan, clock)) == pytest.approx(seconds)
    assert total_seconds(step_plan, clock) == pytest.approx(sum(seconds))
    assert baseline_seconds(step_plan, clock) == pytest.approx(10_000)


@given(clock=clocks)
def test_one_rank_is_one_device_whatever_the_network(step_plan, clock):
    for phase in step_plan.phases:
        num_samples = phase.stop_sample - phase.start_sample
        alone = num_samples / THROUGHPUT.at(phase.global_batch_size)
        assert phase_seconds(phase, clock) == alone
    assert clock.update(640, 1).all_reduce_seconds == 0
    assert clock.update(640, 1).all_reduce_algorithm is None


def test_four_ranks_by_hand(step_plan):
    """640 samples are 5 ghost batches: two on the busiest rank."""
    clock = WallClock(FLAT, NETWORK, 10**9, 128, 128)
    update = clock.update(640, 4)
    assert (update.samples_per_rank, update.compute_seconds) == (256, 0.256)
    assert update.all_reduce_seconds == pytest.approx(6e-3 + 1.5)
    assert update.all_reduce_algorithm == "ring"
    assert update.agreement_seconds == pytest.approx(4e-3 + 8e-9), "4 bytes in two trees"
    assert update.seconds == update.exposed_seconds + 0.256 == pytest.approx(1.766)
    assert clock.efficiency(640, 4) == pytest.approx(0.640 / (4 * 1.766))
    phase = step_plan.phases[1]
    assert phase_seconds(phase, clock, 4) == pytest.approx(phase.num_updates * 1.766)


@pytest.mark.parametrize(
    ("micro", "overlap", "hidden"),
    [
        (128, 0, 0),
        (128, 1, 0.128 * 2 / 3),  # the last of two
        (256, 1, 0.256 * 2 / 3),  # all of it
        (256, 0.5, 0.256 / 3),
        (192, 1, 0.064 * 2 / 3),  # a short one, of 64
    ],
)
def test_the_last_backward_hides_communication(micro, overlap, hidden):
    network = AllReduce(1e-3, 1e9, overlap)
    update = WallClock(FLAT, network, 10**9, 64, micro).update(512, 2)
    assert update.hidden_seconds == pytest.approx(hidden)
    assert update.exposed_seconds == pytest.approx(4e-3 + 1 - hidden)


def test_no_more_is_hidden_than_there_is():
    network = AllReduce(1e-5, 1e12, overlap=1)
    update = WallClock(FLAT, network, 1000, 64, 64).update(512, 2)
    assert update.hidden_seconds == update.all_reduce_seconds > 0
    assert update.seconds == update.compute_seconds + update.agreement_seconds


def test_a_network_that_is_not_known_costs_nothing():
    update = WallClock(FLAT, None, 10**9, 64, 64).update(512, 2)
    assert (update.seconds, update.all_reduce_algorithm) == (0.256, None)


def test_ranks_that_compute_together_wait_for_the_slowest():
    """512 samples are 8 ghost batches: of 128, only two of eight ranks have one."""
    clock = WallClock(FLAT, None, 0, 64, 128, Interference(1.25, 1e-3))
    update = clock.update(512, 2)
    assert update.compute_seconds == pytest.approx(1.25 * 0.256)
    assert update.wait_seconds == pytest.approx(math.sqrt(1e-3 * 0.320 / math.pi))
    assert update.seconds == update.compute_seconds + update.wait_seconds
    assert clock.seconds(5120, 10, 512, 2) == pytest.approx(10 * update.seconds)
    assert clock.update(128, 8).wait_seconds == clock.update(128, 2).wait_seconds > 0
    assert clock.update(64, 2).wait_seconds == 0, "nobody else computes"
    assert clock.update(512, 1) == WallClock(FLAT).update(512, 1)


def test_a_cut_update_is_as_fast_by_sample(step_plan):
    last = step_plan.phases[-1]
    whole = last.num_updates * last.global_batch_size
    assert last.stop_sample - last.start_sample < whole
    clock = WallClock(FLAT, AllReduce(0, 1e15), 1, 128, 128)
    share = (last.stop_sample - last.start_sample) / 8
    assert phase_seconds(last, clock, 8) == pytest.approx(share / 1000)


def test_a_world_size_for_each_phase(step_plan):
    clock = WallClock(THROUGHPUT, NETWORK, 10**6, 128, 256)
    sizes = [1, 2, 8, 16]
    each = [phase_seconds(p, clock, w) for p, w in zip(step_plan.phases, sizes, strict=True)]
    assert list(seconds_of_phases(step_plan, clock, sizes)) == each
    assert total_seconds(step_plan, clock, sizes) == sum(each)
    assert total_seconds(step_plan, clock, 8) == sum(seconds_of_phases(step_plan, clock, [8] * 4))


@given(clock=clocks, batch=batches, world_size=worlds)
def test_the_busiest_rank_is_the_one_with_most_samples(clock, batch, world_size):
    ranks = {0, world_size // 2, world_size - 1}
    shares = [Share(rank, world_size, clock.ghost_batch_size).run(0, batch) for rank in ranks]
    assert clock.update(batch, world_size).samples_per_rank == max(b - a for a, b in shares)


@given(clock=clocks, batch=batches, world_size=worlds)
def test_the_parts_of_an_update(clock, batch, world_size):
    update = clock.update(batch, world_size)
    assert 0 <= update.hidden_seconds <= update.all_reduce_seconds
    assert update.compute_seconds <= update.seconds
    assert update.hidden_seconds <= 2 / 3 * update.compute_seconds
    conservative = WallClock(
        clock.throughput,
        AllReduce(clock.all_reduce.latency_seconds, clock.all_reduce.bandwidth_bytes_per_second),
        *(clock.gradient_bytes, clock.ghost_batch_size, clock.micro_batch_size),
        clock.interference,
    )
    assert conservative.update(batch, world_size).seconds >= update.seconds
    assert clock.seconds(batch, 1, batch, world_size) == pytest.approx(update.seconds)


@given(clock=clocks, batch=batches, world_size=worlds, factor=st.floats(1, 1e3))
def test_more_bandwidth_is_never_slower(clock, batch, world_size, factor):
    network = clock.all_reduce
    faster = AllReduce(
        network.latency_seconds, network.bandwidth_bytes_per_second * factor, network.overlap
    )
    own = (clock.gradient_bytes, clock.ghost_batch_size, clock.micro_batch_size, clock.interference)
    after = WallClock(clock.throughput, faster, *own)
    assert after.update(batch, world_size).seconds <= clock.update(batch, world_size).seconds * (
        1 + 1e-12
    )


@given(clock=clocks, batch=batches)
def test_one_rank_is_fully_efficient(clock, batch):
    assert clock.efficiency(batch, 1) == 1

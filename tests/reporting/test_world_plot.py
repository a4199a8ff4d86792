"""The picture of wall-clock over ranks."""

import pytest

from bsgrow.errors import BsgrowError, InputError
from bsgrow.reporting.all_reduce import AllReduce
from bsgrow.reporting.throughput import Throughput
from bsgrow.reporting.time_ticks import time_ticks
from bsgrow.reporting.wall_clock import WallClock
from bsgrow.reporting.world_plot import Predicted, plot_world_times, world_figure
from bsgrow.reporting.world_times import run_times

CLOCK = WallClock(
    Throughput("train", (128, 5120), (1000.0, 2000.0), {}), AllReduce(1e-4, 1e9), 10**7, 128, 256
)
WORLDS = [1, 8, 64, 100]
POINTS = [1, 2, 4, 8, 16, 32, 64, 100]


def lines(panel):
    return {line.get_label(): line for line in panel.lines}


def texts(panel):
    return [text.get_text() for text in panel.texts if text.get_text()]


@pytest.fixture
def grown(step_plan):
    return Predicted("grow", step_plan, CLOCK)


def test_both_runs_over_the_ranks(grown):
    panel, factors = world_figure([grown], WORLDS).axes
    decaying, growing = lines(panel).values()
    assert decaying.get_label() == "decaying the learning rate: batch 128 throughout"
    assert growing.get_label() == "grow: batch 128 to 5120"
    times = run_times(grown.plan, CLOCK, POINTS)
    assert list(decaying.get_xdata()) == list(growing.get_xdata()) == POINTS
    assert list(decaying.get_ydata()) == [time.baseline_seconds for time in times]
    assert list(growing.get_ydata()) == [time.seconds for time in times]
    assert [POINTS[i] for i in growing.get_markevery()] == WORLDS
    assert (panel.get_xscale(), panel.get_yscale()) == ("log", "log")
    assert list(factors.lines[0].get_ydata()) == [time.speedup for time in times]
    assert factors.get_xlabel() == "ranks"


def test_the_factor_is_written_at_each_number(grown):
    panel, factors = world_figure([grown], WORLDS).axes
    expected = [f"{time.speedup:.3g}×" for time in run_times(grown.plan, CLOCK, [1, 8, 64])]
    assert texts(factors)[:2] == expected[:2]
    (last,) = run_times(grown.plan, CLOCK, [100])
    assert texts(factors)[-1] == f"{last.speedup:.3g}×"
    assert texts(panel) == [f"{last.speedup:.3g}×"]
    assert len(panel.collections) == 1, "the room between the two is shaded"


def test_several_plans(grown, step_plan, cosine_plan):
    runs = [grown, Predicted("again", step_plan, CLOCK), Predicted("cosine", cosine_plan, CLOCK)]
    panel, factors = world_figure(runs, WORLDS).axes
    assert list(lines(panel)) == [
        "decaying the learning rate of grow: batch 128 throughout",
        "grow: batch 128 to 5120",
        "again: batch 128 to 5120",
        "decaying the learning rate of cosine: batch 128 throughout",
        "cosine: batch 128 to 8192",
    ]
    assert texts(factors) == []
    styles = [line.get_linestyle() for line in panel.lines if line.get_marker() == "o"]
    assert styles == ["-", "--", "-."]


@pytest.mark.parametrize("worlds", [[1], [7], [1, 999_999_999], list(range(1, 300))], ids=len)
@pytest.mark.parametrize("rate", [1e-100, 1.0, 1e100])
@pytest.mark.parametrize("num_bytes", [0, 2**50])
def test_any_numbers_are_drawn(step_plan, worlds, rate, num_bytes):
    clock = WallClock(Throughput("t", (1,), (rate,), {}), AllReduce(3600, 1), num_bytes, 128, 128)
    world_figure([Predicted("$a", step_plan, clock)], worlds).canvas.draw()


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_bytes_each_time(grown, tmp_path, suffix):
    paths = [tmp_path / f"{name}.{suffix}" for name in ("a", "b")]
    for path in paths:
        plot_world_times([grown], WORLDS, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_what_cannot_be_written(grown, tmp_path):
    with pytest.raises(InputError, match=r"a picture of kind '\.gif' cannot be written"):
        plot_world_times([grown], WORLDS, tmp_path / "a.gif")
    with pytest.raises(InputError, match="5 plans: a picture holds up to 4"):
        plot_world_times([grown] * 5, WORLDS, tmp_path / "a.png")
    with pytest.raises(BsgrowError, match="cannot be written: No such file"):
        plot_world_times([grown], WORLDS, tmp_path / "none" / "a.png")


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (50, 4000, ["1 min", "2 min", "5 min", "10 min", "20 min", "1 h"]),
        (580, 1900, ["10 min", "15 min", "20 min", "25 min", "30 min"]),
        (86400, 10 * 86400, ["1 d", "2 d", "5 d", "10 d"]),
        (1700, 1750, []),
        (1e-9, 1e-6, []),
        (1e20, 1e30, []),
    ],
)
def test_times_that_read_well(low, high, labels):
    ticks = time_ticks(low, high)
    assert list(ticks.values()) == labels
    assert all(low <= tick <= high for tick in ticks)


def test_few_of_a_wide_range():
    assert 2 <= len(time_ticks(1e-3, 1e12)) <= 9

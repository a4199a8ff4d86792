"""The pure parts of what compares two checkouts: benchmarks/unmoved.py and side_by_side.py."""

import importlib
import sys
from itertools import pairwise
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def scripts():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        return importlib.import_module("unmoved"), importlib.import_module("side_by_side")


@pytest.fixture(scope="module")
def runs(scripts):
    return sys.modules["killed_trainings"]


def test_what_differs_or_is_gone_is_named_by_its_path(scripts):
    unmoved, _ = scripts
    old = {"a": {"x": 1, "y": [2], "about": {"z": 3}}, "b": 4, "c": 5}
    new = {"a": {"x": 1, "y": [9], "about": {"z": 8}}, "b": 4, "d": 6}
    assert unmoved.moved(old, old) == []
    assert unmoved.moved(old, new) == ["a / y", "c"]


def test_positions_around_the_first_growth_are_cut_as_the_plan_cuts_them(scripts):
    unmoved, _ = scripts
    half = unmoved.NUM_POSITIONS // 2
    size, growth = 1500, 1500 * half // 1000
    starts = [*range(0, growth, size), *range(growth, growth * 3, 2 * size)]
    rows = [f"{i},{s},{s + size * (1 + (s >= growth))}" for i, s in enumerate(starts)]
    rows = [f"{row},{size * (1 + (s >= growth))},0.1" for row, s in zip(rows, starts, strict=True)]
    runs = unmoved.around_growth(rows)
    assert runs[0][0] == growth - half
    assert runs[-1][1] == growth + half
    assert all(one[1] == other[0] for one, other in pairwise(runs))
    assert (growth, growth + 2 * size) in runs


@pytest.mark.parametrize(
    ("saved", "made", "midway"),
    [(None, 40, False), (40, 40, False), (30, 40, True), (10, 20, False)],
)
def test_a_run_is_killed_between_two_checkpoints_past_a_third(runs, saved, made, midway):
    events = [{"event": "run_started", "num_updates": 100}]
    events += [{"event": "progress", "num_updates": made}]
    events += [{"event": "checkpoint_saved", "num_updates": saved}] if saved else []
    assert runs.is_midway(events) is midway


def test_reports_made_again_after_a_kill_count_once_and_clocks_do_not_count(runs):
    events = [{"event": "progress", "num_updates": n, "train_loss": 1 / n} for n in (1, 2, 3)]
    again = [{**events[1], "wall_seconds": 9}, events[2], {"event": "run_started"}]
    digest_of = runs.digest_of
    assert digest_of(events + again, "progress") == digest_of(events, "progress")
    assert digest_of(events[:2], "progress") != digest_of(events, "progress")


def test_what_follows_from_running_statistics_is_apart_and_moved_on_purpose(scripts, runs):
    unmoved, _ = scripts
    summary = {"num_updates": 2, "test_loss": 0.5, "weights_sha256": "a"}
    events = [{"event": "progress", "num_updates": 1, "train_loss": 1.0}]
    events += [{"event": "evaluated", "num_updates": 2, "test_loss": 0.5}]

    def moved(other_summary, other_events):
        records = (
            {"run": runs.apart(*each)}
            for each in ((summary, events), (other_summary, other_events))
        )
        return {path: unmoved.part_meant(path) for path in unmoved.moved(*records)}

    statistics = runs.STATISTICS
    under = f"run / {statistics} / "
    assert moved(summary | {"test_loss": 0.6}, events) == {f"{under}test_loss": statistics}
    other = [events[0], events[1] | {"test_loss": 0.6}]
    assert moved(summary, other) == {f"{under}events": statistics}
    assert moved(summary | {"num_updates": 3}, events) == {"run / num_updates": None}
    other = [events[0] | {"train_loss": 2.0}, events[1]]
    assert moved(summary, other) == {"run / events": None}


def test_the_ratio_is_the_median_of_those_of_the_rounds(scripts):
    _, side_by_side = scripts
    key = ("array 128", side_by_side.RATE)
    measured = [({key: 100.0}, {key: 100.0 * ratio}) for ratio in (0.9, 0.96, 0.98, 1.0, 1.5)]
    row = side_by_side.row_of(key, measured)
    assert row["ratio"] == pytest.approx(0.98)
    low, high = row["interval"]
    assert 0.9 <= low <= row["ratio"] <= high <= 1.5


@pytest.mark.parametrize(
    ("unit", "ratio", "worse"),
    [("RATE", 0.96, True), ("RATE", 0.98, False), ("MEMORY", 1.04, True), ("MEMORY", 0.5, False)],
)
def test_slower_is_worse_and_more_memory_is(scripts, unit, ratio, worse):
    _, side_by_side = scripts
    row = {"unit": getattr(side_by_side, unit), "ratio": ratio}
    assert side_by_side.is_worse(row) is worse

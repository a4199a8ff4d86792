"""What is shown of a run, by made events: one line for all of its processes."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from bsgrow.cli import live
from tests.training.made_events import evaluated, progress, started


@pytest.fixture
def shown(monkeypatch):
    """Return what a display writes of events, on a terminal or not."""

    def show(*events, terminal=False):
        file = io.StringIO()
        console = Console(file=file, force_terminal=terminal, width=200, highlight=False)
        monkeypatch.setattr(live, "err", console)
        with live.display() as take:
            for event in events:
                take(event)
        return file.getvalue()

    return show


def of_many(**fields):
    waits = {"data_wait_share": 0.02, "communication_share": 0.125, "slowest_rank": 2}
    return replace(progress(80), **(waits | fields))


FOUR = replace(started(), world_size=4)
WAITS = "10,000/s, 4 processes, communication 12%, waiting for data 2%, slowest rank 2"


def test_a_terminal_shows_what_four_processes_wait_for(shown):
    assert WAITS in " ".join(shown(FOUR, of_many(), terminal=True).split())


def test_a_log_says_it_with_each_evaluation(shown):
    start, line = shown(FOUR, of_many(), evaluated(100)).splitlines()
    assert start.endswith(", 4 processes")
    assert line.startswith("epoch   1.00  update     100 ")
    assert line.endswith(f"  {WAITS}")


def test_what_was_said_once_is_not_said_again(shown):
    lines = shown(FOUR, of_many(), evaluated(100), evaluated(200)).splitlines()
    assert lines[1].endswith("slowest rank 2")
    assert lines[2].endswith("0:00:03")


def test_a_terminal_has_it_in_the_live_view_alone(shown):
    text = shown(FOUR, of_many(), evaluated(100), terminal=True)
    (line,) = (line for line in text.splitlines() if "test accuracy" in line)
    assert line.rstrip().endswith("0:00:03")


@pytest.mark.parametrize("share", [0.0, 0.04, 0.5])
def test_one_process_says_what_it_waits_for(shown, share):
    text = shown(started(), replace(progress(80), data_wait_share=share), terminal=True)
    assert f"10,000/s, waiting for data {share:.0%}" in " ".join(text.split())
    assert "processes" not in text


def test_where_none_was_slower_no_rank_is_named(shown):
    text = " ".join(shown(FOUR, of_many(slowest_rank=None), terminal=True).split())
    assert "waiting for data 2%" in text
    assert "slowest" not in text

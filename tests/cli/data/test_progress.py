"""Ctrl-C while samples are worked through is raised where one of them is done."""

import io
import signal

import pytest
from rich.console import Console
from rich.progress import Progress

from bsgrow.cli import interrupt
from bsgrow.cli.data import progress as data_progress
from bsgrow.cli.data.progress import sample_bar


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """What this process has received counts for one test."""
    monkeypatch.setattr(interrupt, "_received", [])


def work(num_interrupts, num_samples=2):
    """Work through samples, the interrupts after the first; return how far it came."""
    done = []
    try:
        with sample_bar("packing") as told:
            for index in range(num_samples):
                told(index + 1, num_samples)
                done.append(index)
                for _ in range(num_interrupts if index == 0 else 0):
                    signal.raise_signal(signal.SIGINT)
                    done.append("went on")
    except KeyboardInterrupt:
        done.append("interrupted")
    return done


def test_ctrl_c_is_raised_at_the_next_sample():
    before = signal.getsignal(signal.SIGINT)
    assert work(0) == [0, 1]
    assert work(1) == [0, "went on", "interrupted"]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_one_is_raised_at_once():
    assert work(2) == [0, "went on", "interrupted"]  # in the second, which does not return


def test_before_the_first_sample_it_is_raised_at_once():
    done = []
    try:
        with sample_bar("packing"):
            signal.raise_signal(signal.SIGINT)
            done.append("went on")
    except KeyboardInterrupt:
        done.append("interrupted")
    assert done == ["interrupted"]


def test_one_after_the_last_sample_is_raised_at_the_end():
    assert work(1, num_samples=1) == [0, "went on", "interrupted"]


def test_where_it_is_ignored_it_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert work(1) == [0, "went on", 1]
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_bar_moves_in_a_thousand_steps(monkeypatch):
    moved = []
    monkeypatch.setattr(data_progress, "err", Console(file=io.StringIO(), force_terminal=True))
    monkeypatch.setattr(Progress, "update", lambda bar, task, **to: moved.append(to["completed"]))
    with sample_bar("packing") as told:
        for done in range(1, 2501):
            told(done, 2500)
    assert moved == [*range(2, 2501, 2)]

"""The live view, by made events: on every kind of terminal it fits, and says what matters."""

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bsgrow.cli import live
from bsgrow.cli.live_view import Bar, bar_of, drawn_bar, flowed
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.reporting.planned_phases import read_phases
from bsgrow.training import RunDirectory
from tests.training.made_events import evaluated, progress, started

LAST = replace(progress(500), global_batch_size=64, data_wait_share=0.07)
SAID = (
    "0:00:20 left",
    "phase 1/4 ends in 0:00:01",
    "epoch 5.0",
    "batch 64",
    "lr 0.1",
    "noise scale 21.45",
    "loss 0.500",
    "75.0%",
    "10,000/s",
    "waiting for data 7%",
)


@pytest.fixture
def plan(tmp_path):
    directory = RunDirectory(tmp_path)
    directory.write_plan(plan_recipe(load_recipe("digits")))
    return directory.plan


@pytest.fixture
def shown(monkeypatch, plan):
    """Return what a terminal is written, as bytes that it makes no colours of."""

    def show(*events, width=60, term="xterm", encoding="utf-8", **environment):
        for name, value in {"TERM": term, **environment}.items():
            monkeypatch.setenv(name, value)
        buffer = io.BytesIO()
        file = io.TextIOWrapper(buffer, encoding)
        monkeypatch.setattr(live, "_SECONDS", 0.0)
        console = Console(file=file, force_terminal=True, width=width, highlight=False)
        monkeypatch.setattr(live, "err", console)
        with live.display(plan) as take:
            for event in events:
                take(event)
        file.flush()
        return buffer.getvalue().decode(encoding)

    return show


def last_view(text):
    """Return the lines of the view that was drawn last: what stands behind the clearing of it."""
    views = [part for part in text.replace("\r", "").split("\x1b[2K") if "left" in part]
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", views[-1]).splitlines()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_it_fits_and_says_all_that_matters(shown, width):
    bar, *lines = last_view(shown(started(), LAST, width=width, NO_COLOR="1"))
    assert ", ".join(SAID) == " ".join(line.strip() for line in lines)
    assert len(bar) == min(width - 1, 100)
    assert max(map(len, lines)) < width
    assert bar.count("┃") == 3


def test_without_colours_there_are_none(shown):
    assert "\x1b[9" in shown(started(), LAST)
    assert "\x1b[9" not in shown(started(), LAST, NO_COLOR="1")


def test_a_terminal_without_such_characters_has_plain_ones(shown):
    bar, *_ = last_view(shown(started(), LAST, encoding="ascii", NO_COLOR="1"))
    assert set(bar[:-5]) == set("#-|")


def test_a_dumb_terminal_has_lines(shown, monkeypatch):
    monkeypatch.setattr(live, "_SECONDS_OF_LINES", 0.0)
    text = shown(started(), LAST, evaluated(500), term="dumb", width=200)
    assert "\x1b" not in text
    assert f" {', '.join(SAID)} epoch 5.00 update 500 " in " ".join(text.split())


def test_it_is_drawn_no_more_often_than_it_is_to_be(shown, monkeypatch):
    now = iter([0.0, 0.0, 0.1, 0.4, 9.0])
    monkeypatch.setattr(live.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(live, "_SECONDS", 0.5)
    often = [replace(LAST, train_loss=loss) for loss in (1.0, 2.0, 3.0, 4.0)]
    drawing = live._Drawing(drawn := Drawn(), lambda event: None, live._Seen())
    for event in (started(), *often):
        drawing(event)
    assert len(drawn.views) == 3, "the start, the first and the last"


class Drawn:
    """In place of rich's display."""

    def __init__(self):
        self.views = []

    def update(self, view, *, refresh):
        assert refresh
        self.views.append(view)


@given(st.integers(0, 300), st.integers(1, 300), st.integers(1, 200), st.lists(st.integers(0, 300)))
def test_a_bar_has_its_width_whatever_is_done(done, whole, width, starts):
    text = drawn_bar(Bar(min(done, whole), whole, starts), width).plain
    assert len(text) == max(width, 6)
    assert text.endswith("%")


def test_phases_begin_where_the_plan_says(plan):
    bar = bar_of(started(), read_phases(plan), 0)
    assert bar.starts[0] == 0
    assert drawn_bar(bar, 105).plain.index("┃") == 100 * bar.starts[1] // bar.num_total_samples


@given(st.lists(st.text("ab ", min_size=1, max_size=12), max_size=12), st.integers(13, 40))
def test_no_word_is_cut_or_lost(words, width):
    lines = flowed(words, width)
    assert " ".join(lines) == ", ".join(words)
    assert all(len(line) <= width for line in lines)

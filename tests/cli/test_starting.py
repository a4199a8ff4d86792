"""Where processes that torchrun has started anew go on."""

import pytest

from bsgrow.cli.overrides import make_overrides
from bsgrow.cli.starting import Asked, start_together
from bsgrow.training.process_group import ProcessGroup


class Restarted(ProcessGroup):
    """A process that may note things for those in its place."""

    def __init__(self, notes):
        self._notes = notes

    def note(self, name, value):
        self._notes[name] = value

    def noted(self, name):
        return self._notes.get(name)


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """Starts processes one after the other, of which each finds what those before noted."""
    monkeypatch.chdir(tmp_path)
    notes = {}

    def start(out_dir=None, *, notes=notes):
        asked = Asked("digits", make_overrides(None), out_dir, resume=False)
        return start_together(asked, Restarted(notes))

    return start


def test_the_run_of_those_before_goes_on(begin):
    """Not one that was worked on later, and wherever torchrun does not count the start."""
    before = begin()
    before.directory.make()
    assert (begin().directory, begin().resume) == (before.directory, False), "not begun yet"
    before.directory.create(before.recipe)
    another = begin(before.directory.path.with_name("another"), notes={})
    another.directory.make()
    another.directory.create(another.recipe)
    after = begin()
    assert (after.directory, after.resume) == (before.directory, True)


def test_so_does_one_that_was_named(begin, tmp_path):
    named = tmp_path / "named"
    begin(named).directory.make()
    begin(named).directory.create(begin(named).recipe)
    assert (begin(named).directory.path, begin(named).resume) == (named, True)

"""Where processes that torchrun has started anew go on."""

import pytest

from bsgrow.cli.overrides import make_overrides
from bsgrow.cli.starting import Asked, start_together
from bsgrow.processes.parent import name_of_parent
from bsgrow.training.group.process_group import ProcessGroup


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


def test_where_no_note_is_left_the_run_says_who_has_started_it(begin, monkeypatch):
    """As where the machine of rank 0 is gone, and torchrun counts no restart on the others."""
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, {"WORLD_SIZE": "1", "MASTER_PORT": "29500"}.get(name, "0"))
    before = begin(notes={})
    before.directory.make()
    before.directory.write_launchers([name_of_parent(), "another"])
    before.directory.create(before.recipe)
    for out_dir in (None, before.directory.path):
        after = begin(out_dir, notes={})
        assert (after.directory, after.resume) == (before.directory, True)
    before.directory.write_launchers(["another"])
    assert begin(notes={}).directory != before.directory

"""The command line without a process of its own: what it prints, and what it exits with.

Whatever hint or note a command prints here, what it tells the user to type has to be there.
"""

import re
import shlex
import signal
import sys
from dataclasses import dataclass

import pytest

from bsgrow.cli import interrupt, main
from tests.advice import faults

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it wrote."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def error(self):
        return self._found("error")

    @property
    def hint(self):
        return self._found("hint")

    @property
    def notes(self):
        return re.findall(r"^note: (.*)", self.err, re.MULTILINE)

    def row(self, name):
        """Return what stands behind a name in the summary of a run."""
        return re.search(rf"^{name} +(.*)", self.out, re.MULTILINE)[1]

    def _found(self, what):
        found = re.search(rf"^{what}: (.*)", self.err, re.MULTILINE)
        return found[1] if found else ""


class Shell:
    """Runs bsgrow in this process, in the current folder."""

    def __init__(self, monkeypatch, capsys):
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *words):
        self._monkeypatch.setattr(sys, "argv", ["bsgrow", *map(str, words)])
        self._monkeypatch.setattr(interrupt, "_received", [])
        self._capsys.readouterr()
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        done = Done(words, ended.value.code or 0, *self._capsys.readouterr())
        assert faults(done.hint) == []
        assert [fault for note in done.notes for fault in faults(note, is_hint=False)] == []
        return done

    def paste(self, text):
        """Run a command as it was printed, with or without the program's name."""
        words = shlex.split(text)
        return self(*words[words[0] == "bsgrow" :])

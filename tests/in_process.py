"""The command line without a process of its own: what it prints, and what it exits with.

Whatever hint or note a command prints here, what it tells the user to type has to be there.
"""

import io
import re
import shlex
import signal
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest
import torch

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

    def __call__(self, *words, settings=()):
        words = (*map(str, words), *as_options(settings))
        with _called_with(words), _captured() as (out, err), pytest.raises(SystemExit) as ended:
            main()
        done = Done(words, ended.value.code or 0, _text(out), _text(err))
        assert_advice_can_be_followed(done)
        return done

    def paste(self, text):
        """Run a command as it was printed, with or without the program's name."""
        words = shlex.split(text)
        return self(*words[words[0] == "bsgrow" :])


def as_options(settings):
    """Return each `key=value` behind a --set."""
    return [word for setting in settings for word in ("--set", setting)]


def assert_advice_can_be_followed(done):
    assert faults(done.hint) == []
    assert [fault for note in done.notes for fault in faults(note, is_hint=False)] == []


@contextmanager
def _called_with(words):
    with pytest.MonkeyPatch.context() as patch, _leaving_the_process_as_it_was():
        patch.setattr(sys, "argv", ["bsgrow", *words])
        patch.setattr(interrupt, "_received", [])
        yield


@contextmanager
def _captured():
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        yield out, err


def _text(stream):
    stream.flush()
    return stream.buffer.getvalue().decode(errors="surrogateescape")


@contextmanager
def _leaving_the_process_as_it_was():
    """Put back what a command sets for all of its process: signal handlers, and torch's threads."""
    handlers, num_threads = {n: signal.getsignal(n) for n in SIGNALS}, torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(num_threads)
        for number, handler in handlers.items():
            signal.signal(number, handler)

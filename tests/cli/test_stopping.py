"""What a signal does, by when it comes."""

import os
import signal
import subprocess
import sys
from threading import Lock

import pytest

from bsgrow.cli import stopping
from bsgrow.cli.deadline import CarriedOut
from bsgrow.cli.stopping import StopRequest
from bsgrow.training.emergency import Emergency
from bsgrow.training.group.process_group import ALONE


def send(number=signal.SIGINT):
    os.kill(os.getpid(), number)


@pytest.fixture
def stop():
    emergency = Emergency()
    emergency.prepare(Lock(), lambda: pytest.fail("left"), waits=True)
    with StopRequest() as request, request.carrying_out(CarriedOut(emergency, ALONE, print)):
        yield request


def test_before_training_a_signal_stops_at_once():
    with StopRequest() as request, pytest.raises(KeyboardInterrupt):
        send()
    assert request.exit_code == 130


def test_the_first_signal_asks_to_stop(stop, capfd):
    assert not stop()
    send(signal.SIGTERM)
    assert stop()
    assert stop.exit_code == 143
    assert "stopping after this update" in capfd.readouterr().err


def test_a_repeat_within_half_a_second_counts_once(stop):
    send()
    send()
    assert stop()


def test_a_second_signal_later_stops_at_once(stop, monkeypatch):
    monkeypatch.setattr(stopping, "_REPEAT_SECONDS", 0.0)
    send()
    with pytest.raises(KeyboardInterrupt):
        send()


def test_a_signal_that_is_ignored_stays_ignored():
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopRequest() as request:
            send(signal.SIGHUP)
        assert not request()
    finally:
        signal.signal(signal.SIGHUP, previous)


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGINT)
    with StopRequest():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


LAST = """
import ctypes, sys
from bsgrow.cli.stopping import StopRequest
from bsgrow.training.group.process_group import ALONE
c = ctypes.CDLL(None)
c.on_exit(getattr(c, "raise"), None)  # which gets the exit code, when Python has ended
with StopRequest() as stop:
    stop.end(ALONE)
sys.exit(15)
"""


def test_a_signal_at_the_very_end_leaves_the_exit_code():
    """Torchrun sends one to all as soon as the first has ended."""
    assert subprocess.run([sys.executable, "-c", LAST]).returncode == signal.SIGTERM

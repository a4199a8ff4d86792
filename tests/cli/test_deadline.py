"""When a process is ended that does not end by itself, and with what."""

import os
import signal
import threading

import pytest

from bsgrow.cli import deadline
from bsgrow.cli.deadline import CarriedOut, Deadline
from bsgrow.errors import BsgrowError
from bsgrow.processes.signals import handling
from bsgrow.training.emergency import Emergency, InterruptedRunError
from bsgrow.training.group.process_group import ALONE, ProcessGroup

LEFT = InterruptedRunError("stopped after update 3")


class Ending:
    """A deadline whose end is noted, in a process with handlers of signals."""

    def __init__(self, monkeypatch, seconds=0.0):
        monkeypatch.setattr(deadline, "SECONDS", seconds)
        monkeypatch.setattr(deadline, "_SECONDS_BEHIND", 0.0)
        self.codes, self.said, self.signals = [], [], []
        self.has_ended, self.lock = threading.Event(), threading.Lock()
        self.emergency = Emergency()
        self.it = Deadline(self.signals.append, self._end)

    def _end(self, code):
        self.codes.append(code)
        self.has_ended.set()

    def carrying_out(self, group=ALONE):
        return self.it.carrying_out(CarriedOut(self.emergency, group, self.said.append))

    def prepare(self, leave, waits=True):
        self.emergency.prepare(self.lock, leave, waits=waits)

    def __enter__(self):
        self._handling = handling(lambda number, frame: None)
        self._handling.__enter__()
        self.it.open()
        return self

    def __exit__(self, *error):
        self.it.close()
        self._handling.__exit__(None, None, None)


def failing(error):
    def leave():
        raise error

    return leave


@pytest.mark.parametrize(
    ("leave", "code", "said"),
    [
        (lambda: LEFT, 143, "stopped after update 3"),
        (failing(BsgrowError("cannot write run: No space left")), 1, "cannot write run"),
        (failing(ValueError("odd")), 1, "nothing could be written: ValueError: odd"),
    ],
)
def test_the_run_is_left_and_the_process_ended(monkeypatch, leave, code, said):
    with Ending(monkeypatch) as ending, ending.carrying_out():
        ending.prepare(leave)
        os.kill(os.getpid(), signal.SIGTERM)
        assert ending.has_ended.wait(60)
    assert ending.codes == [code]
    assert [error.message[: len(said)] for error in ending.said] == [said]
    assert ending.signals == [signal.SIGTERM]


def test_whoever_ends_by_itself_is_not_ended(monkeypatch):
    with Ending(monkeypatch, seconds=1000.0) as ending, ending.carrying_out():
        ending.prepare(failing(AssertionError))
        os.kill(os.getpid(), signal.SIGTERM)
    assert (ending.codes, ending.said) == ([], [])


def test_where_nothing_is_waited_for_the_end_comes_at_once(monkeypatch):
    with Ending(monkeypatch, seconds=1000.0) as ending, ending.carrying_out():
        ending.prepare(lambda: LEFT, waits=False)
        os.kill(os.getpid(), signal.SIGINT)
        assert ending.has_ended.wait(60)
    assert ending.codes == [130]


def test_before_and_after_a_run_there_is_nothing_to_leave(monkeypatch):
    with Ending(monkeypatch) as ending:
        with ending.carrying_out():
            ending.prepare(failing(AssertionError))
        os.kill(os.getpid(), signal.SIGTERM)
        assert ending.has_ended.wait(60)
    assert (ending.codes, ending.said) == ([143], [])


def test_the_signal_of_another_process_counts(monkeypatch):
    group = ProcessGroup()
    monkeypatch.setattr(group, "stop_signal", lambda: int(signal.SIGTERM))
    with Ending(monkeypatch) as ending, ending.carrying_out(group):
        ending.prepare(lambda: LEFT)
        assert ending.has_ended.wait(60)
    assert (ending.codes, ending.signals) == ([143], [signal.SIGTERM])


def test_the_main_thread_stands_while_the_run_is_left(monkeypatch):
    """It holds the lock while it changes what is left; nothing is left that is not whole."""
    order = []
    with Ending(monkeypatch) as ending, ending.carrying_out():
        ending.prepare(lambda: order.append("left") or LEFT)
        with ending.lock:
            os.kill(os.getpid(), signal.SIGTERM)
            assert not ending.has_ended.wait(1.0)
            order.append("whole")
        assert ending.has_ended.wait(60)
    assert order == ["whole", "left"]


def test_a_step_that_does_not_end_is_given_up():
    emergency, lock, said = Emergency(), threading.Lock(), []
    emergency.prepare(lock, failing(AssertionError), waits=True)
    with lock:
        emergency.leave(said.append, seconds=0.0)
    assert [error.message for error in said] == ["stopped at once: a step did not end within 0 s"]


def test_signals_of_a_forked_child_are_its_own(monkeypatch):
    with Ending(monkeypatch) as ending:
        child = os.fork()
        if not child:
            os.kill(os.getpid(), signal.SIGTERM)
            os._exit(0)
        os.waitpid(child, 0)
        os.kill(os.getpid(), signal.SIGINT)
        assert ending.has_ended.wait(60)
    assert ending.signals == [signal.SIGINT]

"""Work in a thread: its errors are kept, and it keeps no process alive."""

import subprocess
import sys
import threading

import pytest

from bsgrow.training.background import Background, CancelledError, within


def test_what_it_raises_is_kept_for_who_waits():
    def fail(check):
        raise KeyError("x")

    work = Background(fail)
    work.start()
    assert isinstance(work.wait(), KeyError)
    assert not work.is_running


def test_it_goes_on_beside_the_caller():
    go_on = threading.Event()
    work = Background(lambda check: go_on.wait())
    work.start()
    assert work.is_running
    go_on.set()
    assert work.wait() is None


def test_it_ends_where_it_next_can_once_cancelled():
    def write(check):
        while True:
            check()

    work = Background(write)
    work.start()
    work.cancel(60)
    assert isinstance(work.error, CancelledError)


@pytest.mark.parametrize("ending", ["sys.exit(3)", "raise ZeroDivisionError"])
def test_a_process_ends_whatever_it_does(ending):
    script = (
        "import sys, threading\n"
        "from bsgrow.training.background import Background\n"
        "Background(lambda check: threading.Event().wait()).start()\n"
    )
    command = [sys.executable, "-c", script + ending]
    done = subprocess.run(command, check=False, timeout=120, capture_output=True)
    assert done.returncode == (3 if "exit" in ending else 1)


def test_an_answer_in_time_or_none():
    assert within(lambda: 3, 60.0) == 3
    with pytest.raises(ZeroDivisionError):
        within(lambda: 1 // 0, 60.0)
    never = threading.Event()
    with pytest.raises(TimeoutError, match=r"no answer within 0\.01 s"):
        within(never.wait, 0.01)
    never.set()

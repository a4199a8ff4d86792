"""Running a fuzz target for some seconds: seeds in turn, a hang is a finding too."""

import random
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

_SECONDS_PER_CASE = 20


class Hang(Exception):
    """A case took longer than any should."""


def run_for(seconds: float, case: Callable[[random.Random], object], *, first_seed: int = 0) -> int:
    """Runs `case` with generators seeded 0, 1, 2, … and returns how many there were.

    What a case raises ends the run, after its seed is written to stderr; `first_seed` repeats it.
    """

    def give_up(number: int, frame: FrameType | None) -> None:
        raise Hang(f"no end after {_SECONDS_PER_CASE} s")

    previous = signal.signal(signal.SIGALRM, give_up)
    seed, stop = first_seed, time.monotonic() + seconds
    try:
        while seed == first_seed or time.monotonic() < stop:
            signal.alarm(_SECONDS_PER_CASE)
            case(random.Random(seed))
            seed += 1
    except BaseException:
        sys.stderr.write(f"finding at seed {seed}\n")
        raise
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    return seed - first_seed

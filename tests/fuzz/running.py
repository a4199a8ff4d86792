"""Running a fuzz target for some seconds: seeds in turn, a hang is a finding too."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

_SECONDS_PER_CASE = 20


def base_seed() -> int:
    """What FUZZ_SEED says; else a new one, so that no run repeats what another one tried."""
    return int(os.environ.get("FUZZ_SEED") or random.SystemRandom().randrange(1 << 32))


class Hang(Exception):
    """A case took longer than any should."""


def run_for(seconds: float, case: Callable[[random.Random], object], *, first_seed: int) -> int:
    """Runs `case` with generators seeded `first_seed` and on, and returns how many there were.

    What a case raises ends the run, after its seed is written to stderr; as FUZZ_SEED it repeats.
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
        sys.stderr.write(f"finding at FUZZ_SEED={seed}\n")
        raise
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    return seed - first_seed

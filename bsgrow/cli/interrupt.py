"""Ctrl-C that is remembered: an import that it falls into turns it into an error of its own."""

import signal
from types import FrameType

_received: list[int] = []


def remember_interrupts() -> None:
    """Let Ctrl-C raise KeyboardInterrupt, as it does anyway, and remember that it came."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Handle a signal: stop at once."""
    _received.append(number)
    raise KeyboardInterrupt


def raise_if_interrupted() -> None:
    """Raise a KeyboardInterrupt that an import has swallowed, as one of its callbacks does."""
    if _received:
        raise KeyboardInterrupt


def was_interrupted() -> bool:
    """Return whether a signal has stopped what was going on."""
    return bool(_received)

"""A bar on stderr while samples are worked through; nothing where stderr is no terminal."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bsgrow.cli.garbage import collect_as_usual
from bsgrow.cli.interrupt import interrupt
from bsgrow.cli.terminal import err

_STEPS = 1000
"""That the bar moves in: to move it takes as long as to copy a small image."""

Told = Callable[[int, int], None]


@contextmanager
def sample_bar(action: str) -> Iterator[Told]:
    """Yield what is to be told how many samples are done, and of how many.

    Ctrl-C is raised there, and at once before the first is told of; a second one at once.
    """
    collect_as_usual()
    with _bar(action) as show, _interrupts_raised_by(show) as told:
        yield told


@contextmanager
def _interrupts_raised_by(show: Told) -> Iterator[Told]:
    """Yield the same, which also raises; anywhere else a lock of the bar might stay taken.

    What comes before the first sample, as reading the headers of a large tar, moves no bar.
    """
    received: list[int] = []
    is_begun = False

    def remember(number: int, frame: FrameType | None) -> None:
        if received or not is_begun:
            interrupt(number, frame)
        received.append(number)

    def told(done: int, total: int) -> None:
        nonlocal is_begun
        is_begun = True
        if received:
            interrupt(received[0], None)
        show(done, total)

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, remember)
    try:
        yield told
    finally:
        signal.signal(signal.SIGINT, before)
    if received:
        interrupt(received[0], None)


@contextmanager
def _bar(action: str) -> Iterator[Told]:
    if not err.is_terminal:
        yield lambda done, total: None
        return
    columns = (TextColumn(action), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(action, total=None)

        shown = 0

        def show(done: int, total: int) -> None:
            nonlocal shown
            if done - shown >= total // _STEPS or done == total:
                shown = done
                bar.update(task, completed=done, total=total)

        yield show

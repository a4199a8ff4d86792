"""A bar on stderr while samples are worked through; nothing where stderr is no terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bsgrow.cli.console import err


@contextmanager
def sample_bar(action: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what is to be told how many samples are done, and of how many."""
    if not err.is_terminal:
        yield lambda done, total: None
        return
    columns = (TextColumn(action), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(action, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)

"""What a run shows while it goes on: a live line in a terminal, plain lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bar
from rich.table import Column

from bsgrow.cli.console import note
from bsgrow.cli.numbers import clock
from bsgrow.cli.terminal import err
from bsgrow.text.printable import printable
from bsgrow.training.events.events import (
    CheckpointFailed,
    CheckpointSkipped,
    Evaluated,
    Event,
    LogFailed,
    LoggerFailed,
    MicroBatchHalved,
    Progress,
    RunStarted,
    SampleSkipped,
)
from bsgrow.training.events.parameters import ParametersGrouped

_MUCH = 0.05  # of the time, from which on waiting for data is worth a word


@contextmanager
def display(*, lines: bool = True) -> Iterator[Callable[[Event], None]]:
    """Yield what shows an event: with a live line if stderr is a terminal, else plain lines.

    Args:
        lines: whether a line stays for the start and for each evaluation.
    """
    seen = _Seen()
    show_lines = partial(show_plain, seen=seen) if lines else show_failure

    def keep(event: Event) -> None:
        show_lines(event)
        seen.add(event)

    if not err.is_terminal:
        yield keep
        return
    bar_column = BarColumn(8, table_column=Column(min_width=8))
    columns = (bar_column, TextColumn("{task.description}"))
    with Bar(*columns, console=err, transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def show(event: Event) -> None:
            keep(event)
            _draw(event, bar, task, seen.num_processes)

        yield show


@contextmanager
def nothing_shown() -> Iterator[Callable[[Event], None]]:
    """Yield what shows nothing, for the processes of a run beside the one that shows it."""
    yield lambda event: None


class _Seen:
    """What was shown before, which later lines go back to.

    Attributes:
        num_processes: of the run.
        progress: the latest since the last evaluation, if there was one.
    """

    def __init__(self) -> None:
        self.num_processes = 1
        self.progress: Progress | None = None

    def add(self, event: Event) -> None:
        """Take an event that was shown."""
        if isinstance(event, RunStarted):
            self.num_processes = event.world_size
        if isinstance(event, Progress | Evaluated):
            self.progress = event if isinstance(event, Progress) else None


def show_plain(event: Event, seen: _Seen) -> None:
    """Print a line for the start, for each evaluation, and for what was skipped or has failed."""
    show_failure(event)
    if isinstance(event, RunStarted):
        err.print(_describe_start(event))
    elif isinstance(event, ParametersGrouped):
        err.print(_describe_groups(event))
    elif isinstance(event, Evaluated):
        err.print(_describe_evaluation(event) + _describe_pace(seen))
    elif isinstance(event, CheckpointSkipped):
        note(f"skipped checkpoint {printable(event.path)}: {event.reason}")
    elif isinstance(event, MicroBatchHalved):
        note(
            f"{event.reason}; going on in micro-batches of {event.micro_batch_size}, "
            "which changes no result but rounding"
        )
    elif isinstance(event, SampleSkipped):
        note(f"skipped {printable(event.where)}: {event.reason}")


def show_failure(event: Event) -> None:
    """Print a line for what a run goes on without, though a person should do something about it."""
    if isinstance(event, CheckpointFailed):
        note(
            f"no checkpoint after update {event.num_updates}, training goes on: "
            f"{printable(event.reason)}"
        )
    elif isinstance(event, LogFailed):
        note(
            f"what happens waits in memory, training goes on: cannot write "
            f"{printable(event.path)}: {event.reason}"
        )
    elif isinstance(event, LoggerFailed):
        note(
            f"the logger {printable(event.logger)} is given no more, training goes on: "
            f"{printable(event.reason)}"
        )


def _draw(event: Event, bar: Bar, task: TaskID, num_processes: int) -> None:
    if isinstance(event, RunStarted):
        bar.update(task, total=event.epochs * event.num_samples)
    elif isinstance(event, Progress):
        described = _describe_progress(event) + _describe_waits(event, num_processes)
        bar.update(task, completed=event.consumed_samples, description=described)


def _describe_groups(event: ParametersGrouped) -> str:
    said = [f"frozen: {event.num_frozen} parameters, {event.num_frozen_norms} batch norms"]
    said += [f"without weight decay: {event.num_without_decay} parameters"]
    said += [f"lr of the head {printable(event.head)}: × {event.head_lr_scale:g}"]
    wanted = (event.num_frozen or event.num_frozen_norms, event.num_without_decay, event.head)
    return "; ".join(text for text, holds in zip(said, wanted, strict=True) if holds)


def _describe_start(event: RunStarted) -> str:
    action = f"resuming at update {event.first_update}" if event.first_update else "training"
    return (
        f"{action} on {event.device}: {event.num_parameters} parameters, "
        f"{event.epochs:g} epochs of {event.num_samples} samples, {event.num_updates} updates "
        f"(decaying baseline {event.baseline_num_updates}), "
        f"micro-batches of at most {event.micro_batch_size}"
        + f", {event.world_size} processes"
        * (event.world_size > 1)
    )


def _describe_progress(event: Progress) -> str:
    """What matters most comes first: a narrow terminal cuts the end off."""
    tokens = "" if event.consumed_tokens is None else f"{event.consumed_tokens:,} tokens, "
    return (
        f"epoch {event.epoch:.1f}, {clock(event.seconds_left)} left, {tokens}"
        f"batch {event.global_batch_size}, lr {event.lr:.4g}, loss {event.train_loss:.3f}, "
        f"{event.train_accuracy:.1%}, {event.samples_per_second:,.0f}/s"
    )


def _describe_waits(event: Progress, num_processes: int) -> str:
    """Return what many processes wait for; of one, data, where that is worth a word."""
    data = f"waiting for data {event.data_wait_share:.0%}"
    if num_processes == 1:
        return f", {data}" if event.data_wait_share >= _MUCH else ""
    slowest = "" if event.slowest_rank is None else f", slowest rank {event.slowest_rank}"
    others = f"communication {event.communication_share:.0%}"
    return f", {num_processes} processes, {others}, {data}{slowest}"


def _describe_pace(seen: _Seen) -> str:
    """Return how fast many processes were before an evaluation, for a log without a live line."""
    if seen.progress is None or seen.num_processes == 1 or err.is_terminal:
        return ""
    waits = _describe_waits(seen.progress, seen.num_processes)
    return f"  {seen.progress.samples_per_second:,.0f}/s{waits}"


def _describe_evaluation(event: Evaluated) -> str:
    tokens = "" if event.consumed_tokens is None else f"{event.consumed_tokens:,} tokens  "
    return (
        f"epoch {event.epoch:6.2f}  update {event.num_updates:7d}  {tokens}"
        f"train loss {event.train_loss:.4f}  test loss {event.test_loss:.4f}  "
        f"test accuracy {event.test_accuracy:.2%}  {clock(event.wall_seconds)}"
    )

"""What a run shows while it goes on: a live view in a terminal, plain lines elsewhere."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.live import Live

from bsgrow.cli.console import note
from bsgrow.cli.live_view import Bar, LiveView, bar_of, words_of
from bsgrow.cli.numbers import clock
from bsgrow.cli.terminal import err
from bsgrow.reporting.planned_phases import PlannedPhase, read_phases
from bsgrow.text.printable import printable
from bsgrow.training.events.events import (
    CheckpointFailed,
    CheckpointSkipped,
    Evaluated,
    Event,
    LogFailed,
    Progress,
    RunStarted,
    SampleSkipped,
)
from bsgrow.training.events.failures import LoggerFailed
from bsgrow.training.events.made_again import LossScaleHalved, MicroBatchHalved
from bsgrow.training.events.measured import MicroBatchFound
from bsgrow.training.events.parameters import ParametersGrouped

_SECONDS = 0.5  # between two drawings at least, however often a run reports
_SECONDS_OF_LINES = 10.0  # the same of plain lines


@contextmanager
def display(plan: Path | None = None, *, lines: bool = True) -> Iterator[Callable[[Event], None]]:
    """Yield what shows an event: above a live view if stderr is a terminal, else in plain lines.

    A terminal that moves no cursor, as TERM=dumb says, has plain lines too.

    Args:
        plan: the plan of the run, a file that is there once it has started; for its phases.
        lines: whether a line stays for the start and for each evaluation.
    """
    seen = _Seen(plan)
    show_lines = partial(show_plain, seen=seen) if lines else show_failure

    def keep(event: Event) -> None:
        show_lines(event)
        seen.add(event)

    if not err.is_terminal:
        yield keep
    elif err.is_dumb_terminal:
        yield _WithPace(keep, seen)
    else:
        with Live(console=err, transient=True, auto_refresh=False) as live:
            yield _Drawing(live, keep, seen)


class _Drawing:
    """Shows an event, and draws the live view: when there is something new, and not too often."""

    def __init__(self, live: Live, keep: Callable[[Event], None], seen: "_Seen") -> None:
        self._live, self._keep, self._seen = live, keep, seen
        self._drawn_at = -math.inf

    def __call__(self, event: Event) -> None:
        self._keep(event)
        started, now = self._seen.started, time.monotonic()
        if isinstance(event, RunStarted):
            self._draw(LiveView(bar_of(event, self._seen.phases, 0), ["starting"]))
        elif isinstance(event, Progress) and now - self._drawn_at >= _SECONDS:
            self._drawn_at = now
            done = event.consumed_samples
            bar = bar_of(started, self._seen.phases, done) if started else Bar(done, done)
            self._draw(LiveView(bar, self._seen.words_of(event)))

    def _draw(self, view: LiveView) -> None:
        self._live.update(view, refresh=True)


class _WithPace:
    """Shows an event in lines, and how the run goes on where there was none for a while."""

    def __init__(self, keep: Callable[[Event], None], seen: "_Seen") -> None:
        self._keep, self._seen = keep, seen
        self._told_at = time.monotonic()

    def __call__(self, event: Event) -> None:
        self._keep(event)
        now = time.monotonic()
        if isinstance(event, Progress) and now - self._told_at >= _SECONDS_OF_LINES:
            _print_line(", ".join(self._seen.words_of(event)))
            self._told_at = now
        elif isinstance(event, Evaluated):
            self._told_at = now


@contextmanager
def nothing_shown() -> Iterator[Callable[[Event], None]]:
    """Yield what shows nothing, for the processes of a run beside the one that shows it."""
    yield lambda event: None


class _Seen:
    """What was shown before, which later lines go back to.

    Attributes:
        started: the start of the run.
        phases: of its plan; none where that is not known.
        progress: the latest since the last evaluation, if there was one.
    """

    def __init__(self, plan: Path | None = None) -> None:
        self._plan = plan
        self.started: RunStarted | None = None
        self.phases: tuple[PlannedPhase, ...] = ()
        self.progress: Progress | None = None

    @property
    def num_processes(self) -> int:
        """Of the run."""
        return self.started.world_size if self.started else 1

    def add(self, event: Event) -> None:
        """Take an event that was shown."""
        if isinstance(event, RunStarted):
            self.started = event
            self.phases = read_phases(self._plan) if self._plan else ()
        if isinstance(event, Progress | Evaluated):
            self.progress = event if isinstance(event, Progress) else None

    def words_of(self, event: Progress) -> list[str]:
        """Return what a report says, and what the processes wait for."""
        waits = _describe_waits(event, self.num_processes)
        return [*words_of(event, self.started, self.phases), *waits]


def show_plain(event: Event, seen: _Seen) -> None:
    """Print a line for the start, for each evaluation, and for what was skipped or has failed."""
    show_failure(event)
    if isinstance(event, RunStarted):
        _print_line(_describe_start(event))
    elif isinstance(event, MicroBatchFound):
        _print_line(f"micro-batches of {event.micro_batch_size}, by trials: {event.measured}")
    elif isinstance(event, ParametersGrouped):
        _print_line(_describe_groups(event))
    elif isinstance(event, Evaluated):
        _print_line(_describe_evaluation(event) + _describe_pace(seen))
    else:
        _note_otherwise(event)


def _note_otherwise(event: Event) -> None:
    """Print a note where a run goes on otherwise than it was asked to."""
    if isinstance(event, CheckpointSkipped):
        note(f"skipped checkpoint {printable(event.path)}: {event.reason}")
    elif isinstance(event, MicroBatchHalved):
        note(
            f"{event.reason}; going on in micro-batches of {event.micro_batch_size}, "
            "which changes no result but rounding"
        )
    elif isinstance(event, LossScaleHalved):
        note(
            f"the gradient of update {event.num_updates + 1} overflowed float16; it is made again "
            f"at a loss scale of {event.loss_scale:g}"
        )
    elif isinstance(event, SampleSkipped):
        note(f"skipped {printable(event.where)}: {event.reason}")


def _print_line(text: str) -> None:
    """Print a line, on a terminal in several that end between two words."""
    err.print(text, soft_wrap=not err.is_terminal)


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


def _describe_groups(event: ParametersGrouped) -> str:
    said = [f"frozen: {event.num_frozen} parameters, {event.num_frozen_norms} batch norms"]
    said += [f"without weight decay: {event.num_without_decay} parameters"]
    said += [f"by Muon: {event.num_hidden} parameters, the others by AdamW"]
    said += [f"lr of the head {printable(event.head)}: × {event.head_lr_scale:g}"]
    is_frozen = event.num_frozen or event.num_frozen_norms
    wanted = [is_frozen, event.num_without_decay, event.num_hidden, event.head]
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


def _describe_waits(event: Progress, num_processes: int) -> list[str]:
    """Return what the processes wait for."""
    data = f"waiting for data {event.data_wait_share:.0%}"
    if num_processes == 1:
        return [data]
    others = f"communication {event.communication_share:.0%}"
    slowest = [] if event.slowest_rank is None else [f"slowest rank {event.slowest_rank}"]
    return [f"{num_processes} processes", others, data, *slowest]


def _describe_pace(seen: _Seen) -> str:
    """Return how fast many processes were before an evaluation, for a log without a live view."""
    if seen.progress is None or seen.num_processes == 1 or err.is_terminal:
        return ""
    waits = ", ".join(_describe_waits(seen.progress, seen.num_processes))
    return f"  {seen.progress.samples_per_second:,.0f}/s, {waits}"


def _describe_evaluation(event: Evaluated) -> str:
    tokens = "" if event.consumed_tokens is None else f"{event.consumed_tokens:,} tokens  "
    return (
        f"epoch {event.epoch:6.2f}  update {event.num_updates:7d}  {tokens}"
        f"train loss {event.train_loss:.4f}  test loss {event.test_loss:.4f}  "
        f"test accuracy {event.test_accuracy:.2%}  {clock(event.wall_seconds)}"
    )

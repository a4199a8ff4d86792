"""What the live display shows: a bar in which the phases are marked, and words below it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from bsgrow.cli.numbers import clock
from bsgrow.reporting.planned_phases import PlannedPhase, phase_at
from bsgrow.training.events.events import Progress, RunStarted
from bsgrow.training.noise import noise_scale_of

_MOST_LINES = 3  # of words
_WIDEST = 100  # characters of the bar
_MARKS = ("━", "─", "┃")  # done, to do, and where a phase begins
_PLAIN_MARKS = ("#", "-", "|")


class Bar(NamedTuple):
    """How far a run is.

    Attributes:
        consumed_samples: done.
        num_total_samples: of the whole run.
        starts: where its phases begin, in samples.
    """

    consumed_samples: int
    num_total_samples: int
    starts: Sequence[int] = ()


class LiveView:
    """A bar and words, fitted to the terminal: whole words only, what matters most first.

    Args:
        bar: how far the run is.
        words: each a part of a sentence.
    """

    def __init__(self, bar: Bar, words: Iterable[str]) -> None:
        self._bar, self._words = bar, list(words)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render lines that leave the last column free, in which some terminals wrap."""
        width = max(1, options.max_width - 1)
        yield drawn_bar(self._bar, min(width, _WIDEST), is_plain=options.ascii_only)
        for line in flowed(self._words, width)[:_MOST_LINES]:
            yield Text(line, no_wrap=True, overflow="crop")


def drawn_bar(bar: Bar, width: int, *, is_plain: bool = False) -> Text:
    """Return a bar of so many characters, with a mark where each phase but the first begins."""
    done, left, mark = _PLAIN_MARKS if is_plain else _MARKS
    share = f" {bar.consumed_samples / max(bar.num_total_samples, 1):4.0%}"
    length = max(1, width - len(share))
    reached = _column(bar.consumed_samples, bar, length)
    marked = {_column(start, bar, length) for start in bar.starts if start}
    text = Text(no_wrap=True, overflow="crop")
    for first, last, character, style in (
        (0, reached, done, "bar.complete"),
        (reached, length, left, "bar.back"),
    ):
        columns = range(first, last)
        text.append("".join(mark if at in marked else character for at in columns), style)
    return text.append(share)


def _column(sample: int, bar: Bar, length: int) -> int:
    return min(length, length * sample // max(bar.num_total_samples, 1))


def flowed(words: Iterable[str], width: int) -> list[str]:
    """Return parts of a sentence in lines, each part whole if it fits into a line at all."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]}, {word}" if lines[-1] else word
        if len(longer) + 1 <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines[-1] += ","
            lines.append(word)
    return [line[:width] for line in lines]


def bar_of(started: RunStarted, phases: Sequence[PlannedPhase], consumed_samples: int) -> Bar:
    """Return how far a run is."""
    whole = phases[-1].stop_sample if phases else round(started.epochs * started.num_samples)
    return Bar(consumed_samples, whole, [phase.start_sample for phase in phases])


def words_of(
    event: Progress, started: RunStarted | None, phases: tuple[PlannedPhase, ...]
) -> list[str]:
    """Return what a report says: time left by samples, in all and in its phase, and the rest."""
    num_samples = started.num_samples if started else 0
    noise = noise_scale_of(event, event.global_batch_size, num_samples)
    return [
        f"{clock(event.seconds_left)} left",
        *_of_phase(event, phases),
        f"epoch {event.epoch:.1f}",
        f"batch {event.global_batch_size}",
        f"lr {event.lr:.4g}",
        *([f"noise scale {noise:.4g}"] if started else []),
        f"loss {event.train_loss:.3f}",
        f"{event.train_accuracy:.1%}",
        *([] if event.consumed_tokens is None else [f"{event.consumed_tokens:,} tokens"]),
        f"{event.samples_per_second:,.0f}/s",
    ]


def _of_phase(event: Progress, phases: tuple[PlannedPhase, ...]) -> list[str]:
    index = phase_at(phases, event.consumed_samples)
    if index is None:
        return []
    left = phases[index].stop_sample - event.consumed_samples
    seconds = left / event.samples_per_second if event.samples_per_second > 0 else 0.0
    return [f"phase {index + 1}/{len(phases)} ends in {clock(seconds)}"]

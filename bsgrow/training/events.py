"""What happens in a run, one JSON object per line of ``events.jsonl``.

Numbers that are not finite, as after a divergence, are written as null, which JSON has, and read
back as nan.
"""

import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, ClassVar, get_args

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from bsgrow.errors import InputError
from bsgrow.text.path_text import from_text, to_text

_LONGEST_TEXT = 4096
_LARGEST_MEASURE = 1e60  # beyond any sum of float32 losses, and its square is a float


def _within(low: float, high: float) -> AfterValidator:
    """Return a check of a number's range; nan is no number, and passes."""

    def check(value: float) -> float:
        if value < low or value > high:
            raise PydanticCustomError("range", f"should be from {low:g} to {high:g}")
        return value

    return AfterValidator(check)


_NULL_IS_NAN = BeforeValidator(lambda value: math.nan if value is None else value)

Count = Annotated[int, Field(ge=0, lt=2**64)]
"""A number of things, or an index or a seed."""
Number = Annotated[float, _NULL_IS_NAN, _within(-sys.float_info.max, sys.float_info.max)]
"""A float; null in JSON is nan."""
Measure = Annotated[float, _NULL_IS_NAN, _within(-_LARGEST_MEASURE, _LARGEST_MEASURE)]
"""A float with a square that is one too, so that spreads can be had; null in JSON is nan."""
Fraction = Annotated[float, _NULL_IS_NAN, _within(0.0, 1.0)]
"""A float from 0 to 1; null in JSON is nan."""

_FINITE = Field(allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run, or its continuation, begins.

    Attributes:
        recipe: the description in the recipe, one line.
        num_samples: size of the training set, N.
        epochs: planned length, in passes over the training set.
        num_updates: planned parameter updates.
        baseline_num_updates: parameter updates of the reference schedule.
        device: where it computes, e.g. ``cpu`` or ``cuda:0``.
        micro_batch_size: samples per forward and backward pass.
        num_parameters: of the model.
        seed: of order, augmentation and initial weights.
        first_update: index of the first update made; above 0 when the run is resumed.
    """

    event: ClassVar[str] = "run_started"
    recipe: str
    num_samples: Count
    epochs: Number
    num_updates: Count
    baseline_num_updates: Count
    device: str
    micro_batch_size: Count
    num_parameters: Count
    seed: Count
    first_update: Count


@dataclass(frozen=True, slots=True)
class Progress:
    """Means since the last report.

    Attributes:
        num_updates: updates made since the start of the run.
        consumed_samples: samples consumed since the start of the run.
        epoch: consumed_samples / N.
        global_batch_size: samples of the latest update.
        lr: learning rate of the latest update.
        momentum: momentum coefficient of the latest update.
        train_loss: mean training loss, in nats.
        train_accuracy: fraction of training samples right, 0 to 1.
        samples_per_second: training samples per second.
        wall_seconds: time spent in the run so far, continuations included.
        seconds_left: estimated time to the end of the run.
    """

    event: ClassVar[str] = "progress"
    num_updates: Count
    consumed_samples: Count
    epoch: Measure
    global_batch_size: Count
    lr: Number
    momentum: Number
    train_loss: Measure
    train_accuracy: Fraction
    samples_per_second: Measure
    wall_seconds: Measure
    seconds_left: Measure


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The model was measured on the test split.

    Attributes:
        num_updates: updates made since the start of the run.
        consumed_samples: samples consumed since the start of the run.
        epoch: consumed_samples / N.
        train_loss: mean training loss since the last evaluation, in nats.
        test_loss: mean loss over the test split, in nats.
        test_accuracy: fraction of the test split right, 0 to 1.
        wall_seconds: time spent in the run so far, continuations included.
        num_test_skipped: held-out samples that another one stood in for.
    """

    event: ClassVar[str] = "evaluated"
    num_updates: Count
    consumed_samples: Count
    epoch: Measure
    train_loss: Measure
    test_loss: Measure
    test_accuracy: Fraction
    wall_seconds: Measure
    num_test_skipped: Count = 0


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """The state after ``num_updates`` updates is on the disk.

    Attributes:
        num_updates: updates made since the start of the run.
        path: the checkpoint.
    """

    event: ClassVar[str] = "checkpoint_saved"
    num_updates: Count
    path: str


@dataclass(frozen=True, slots=True)
class CheckpointSkipped:
    """A resumed run did not take a checkpoint that is not whole.

    Attributes:
        num_updates: updates of the checkpoint that it went on from instead.
        path: the checkpoint left out.
        reason: why it does not count.
    """

    event: ClassVar[str] = "checkpoint_skipped"
    num_updates: Count
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class SampleSkipped:
    """A sample cannot be used, and another one stands in for it; reported once in a run.

    Attributes:
        num_updates: updates made since the start of the run.
        where: its file, or the shard and the byte offset in it.
        reason: what is wrong with it.
    """

    event: ClassVar[str] = "sample_skipped"
    num_updates: Count
    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The last planned update was made; what ``train --format json`` prints.

    Attributes:
        test_accuracy: fraction of the test split right, 0 to 1.
        test_loss: mean loss over the test split, in nats.
        num_updates: parameter updates made.
        baseline_num_updates: parameter updates of the reference schedule.
        consumed_samples: samples consumed.
        wall_seconds: time spent in the run, continuations included.
        samples_per_second: consumed_samples / wall_seconds of training.
        weights_sha256: digest of the final parameters and buffers.
        out: the run directory.
        num_skipped: training samples that another one stood in for, under data.on_error = "skip".
        num_test_skipped: the same of the held-out samples, when the accuracy was measured.
    """

    event: ClassVar[str] = "run_finished"
    test_accuracy: Annotated[Fraction, _FINITE]
    test_loss: Measure
    num_updates: Annotated[Count, Field(ge=1)]
    baseline_num_updates: Count
    consumed_samples: Count
    wall_seconds: Annotated[Measure, _FINITE]
    samples_per_second: Annotated[Measure, _FINITE]
    weights_sha256: str
    out: str
    num_skipped: Count = 0
    num_test_skipped: Count = 0


Event = (
    RunStarted
    | Progress
    | Evaluated
    | CheckpointSaved
    | CheckpointSkipped
    | SampleSkipped
    | RunFinished
)

_READERS: Mapping[str, TypeAdapter[Event]] = {
    kind.event: TypeAdapter(kind) for kind in get_args(Event)
}


def to_json(event: Event) -> str:
    """Return the event as one line of JSON, its kind first, under ``event``."""
    return json.dumps({"event": event.event, **to_dict(event)}, allow_nan=False)


def to_dict(event: Event) -> dict[str, Any]:
    """Return the event's fields as JSON has them: a number that is not finite is None."""
    return {name: _finite_or_none(value) for name, value in asdict(event).items()}


def _finite_or_none(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def shortened(event: Event) -> Event:
    """Return the event with no text of more than some thousand characters, the first of each."""
    return replace(event, **_with_texts(asdict(event), lambda text: text[:_LONGEST_TEXT]))


def from_json(line: str) -> Event:
    """Return the event that a line holds; fields that the event does not have are ignored.

    Raises:
        InputError: if the line is not JSON, or a field is missing or of another type.
    """
    values, reader = _parse(line)
    is_plain = line.isascii() and "\\u" not in line  # as are all but odd names of files
    try:
        text = line if is_plain else json.dumps(_with_texts(values, to_text))
        event = reader.validate_json(text, strict=True)
    except RecursionError as error:
        raise _not_an_event(line, "nested too deeply") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise _not_an_event(line, ": ".join(map(str, (*first["loc"], first["msg"])))) from error
    return event if is_plain else replace(event, **_with_texts(asdict(event), from_text))


def _with_texts(values: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Return values with each text changed, as pydantic takes no path that is no UTF-8."""
    return {key: change(x) if isinstance(x, str) else x for key, x in values.items()}


def _parse(line: str) -> tuple[dict[str, Any], TypeAdapter[Event]]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _not_an_event(line, f"not JSON, {error}") from error
    kind = values.get("event") if isinstance(values, dict) else None
    if not isinstance(kind, str) or kind not in _READERS:
        raise _not_an_event(line, f"its event is none of {', '.join(_READERS)}")
    return values, _READERS[kind]


def _not_an_event(line: str, reason: str) -> InputError:
    return InputError(f"{line.strip()[:80]!r} is not an event: {reason}")

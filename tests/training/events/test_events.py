import json
import math
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.training.events.as_json import from_json, shortened, to_json
from bsgrow.training.events.events import (
    CheckpointFailed,
    CheckpointSaved,
    CheckpointSkipped,
    Evaluated,
    Progress,
    RunFinished,
    RunStarted,
)
from tests.training.made_events import progress

MEASURES = (
    "epoch",
    "train_loss",
    "test_loss",
    "wall_seconds",
    "seconds_left",
    "samples_per_second",
    "pause_seconds",
    "pause_updates",
)
KINDS = (RunStarted, Progress, Evaluated, CheckpointSaved, CheckpointFailed, RunFinished)


def in_range(kind):
    """Draw events of a kind as a run makes them: accuracies are fractions, measures no giants."""
    hints = get_type_hints(kind, include_extras=True)
    counts = st.integers(1, 2**64 - 1)
    drawn = {name: counts for name, hint in get_type_hints(kind).items() if hint is int}
    nan = st.nothing() if kind is RunFinished else st.just(math.nan)
    drawn |= {name: st.floats(0, 1) | nan for name in hints if "accuracy" in name}
    measures = {*MEASURES} & hints.keys()
    drawn |= {name: st.floats(-1e60, 1e60) | nan for name in measures}
    return st.builds(kind, **drawn)


@given(event=st.one_of([in_range(kind) for kind in KINDS]))
def test_events_survive_the_round_trip(event):
    line = to_json(event)
    assert "\n" not in line
    again = from_json(line)
    assert type(again) is type(event)
    for name in event.__dataclass_fields__:
        value = getattr(event, name)
        if name != "event" and not (isinstance(value, float) and not math.isfinite(value)):
            assert getattr(again, name) == value


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_is_null(loss):
    line = to_json(progress(1, train_loss=loss))
    assert json.loads(line, parse_constant=pytest.fail)["train_loss"] is None
    assert math.isnan(from_json(line).train_loss)


def test_the_kind_comes_first():
    assert to_json(CheckpointFailed(3, "a.pt", "full", 4)) == (
        '{"event": "checkpoint_failed", "num_updates": 3, "path": "a.pt", "reason": "full", '
        '"logged_at": 4}'
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("3", "its event is none of run_started, progress"),
        ('{"event": "lunch"}', "its event is none of"),
        ('{"event": ["progress"]}', "its event is none of"),
        ('{"event": "checkpoint_saved", "path": "a"}', "num_updates: Field required"),
        ('{"event": "checkpoint_saved", "path": "a", "num_updates": "3"}', "num_updates: .*int"),
        ('{"event": "checkpoint_saved", "path": "a", "num_updates": null}', "num_updates: .*int"),
        ('{"event": "checkpoint_saved", "path": "a", "num_updates": -1}', "greater than or equal"),
        (f'{{"event": "checkpoint_saved", "path": "a", "num_updates": {2**64}}}', "less than 1844"),
        (
            f'{{"event": "checkpoint_saved", "path": "a", "num_updates": {10**400}}}',
            "less than 1844",
        ),
        (
            '{"event": "checkpoint_saved", "num_updates": 1, "path": "\\ud800"}',
            "event: Invalid JSON",
        ),
        ('{"event": "checkpoint_saved", "num_updates": ' + "9" * 5000 + "}", "not JSON, Exceeds"),
        ("[" * 100_000, "not JSON, maximum recursion depth"),
        (
            '{"event": "checkpoint_saved", "x": ' + "[" * 400 + "]" * 400 + "}",
            "event: Invalid JSON: recursion",
        ),
        ("\x1b[31m", r"'\\x1b\[31m' is not an event: not JSON"),
    ],
)
def test_what_is_not_an_event_is_refused(line, message):
    with pytest.raises(InputError, match=message):
        from_json(line)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("test_accuracy", "1.5", "from 0 to 1"),
        ("test_accuracy", "-1e-9", "from 0 to 1"),
        ("test_accuracy", "1e400", "from 0 to 1"),
        ("test_loss", "1e61", "from -1e[+]60 to 1e[+]60"),
        ("wall_seconds", "-Infinity", "from -1e[+]60 to 1e[+]60"),
        ("samples_per_second", str(10**400), "from -1e[+]60 to 1e[+]60|valid number"),
        ("num_updates", "0", "greater than or equal to 1"),
    ],
)
def test_numbers_that_no_run_has_are_refused(field, value, message):
    values = {name: f'"{name}": 1' for name in RunFinished.__dataclass_fields__}
    values |= {"out": '"out": ""', "weights_sha256": '"weights_sha256": ""'}
    values["event"] = '"event": "run_finished"'
    line = "{" + ", ".join(values.values()) + "}"
    assert from_json(line).num_updates == 1
    with pytest.raises(InputError, match=f"{field}: .*({message})"):
        from_json(line.replace(f'"{field}": 1', f'"{field}": {value}'))


def test_texts_are_shortened_where_a_line_would_be_too_long():
    event = CheckpointSkipped(3, "a" * 5000, "b")
    assert shortened(event) == CheckpointSkipped(3, "a" * 4096, "b")

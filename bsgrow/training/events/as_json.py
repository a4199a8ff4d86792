"""Events as JSON, an object a line.

Numbers that are not finite, as after a divergence, are written as null, which JSON has, and read
back as nan.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from bsgrow.errors import InputError
from bsgrow.text.path_text import from_text, to_text
from bsgrow.training.events.events import Event

_LONGEST_TEXT = 4096  # characters

_READERS: Mapping[str, TypeAdapter[Event]] = {
    kind.event: TypeAdapter(kind) for kind in get_args(Event)
}


def to_json(event: Event) -> str:
    """Return the event as one line of JSON, its kind first, under ``event``."""
    return json.dumps({"event": event.event, **to_dict(event)}, allow_nan=False)


def to_dict(event: Event) -> dict[str, Any]:
    """Return the event's fields as JSON has them: a number that is not finite is None."""
    return {name: finite_or_none(value) for name, value in asdict(event).items()}


def finite_or_none(value: object) -> object:
    """Return a value as JSON has it: None for a number that is not finite."""
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

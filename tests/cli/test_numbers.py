"""Numbers in tables."""

import pytest

from bsgrow.cli.numbers import duration, epochs, span


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.01234, "0.0123 s"),
        (59.4, "59.4 s"),
        (59.96, "1 min 00 s"),
        (61, "1 min 01 s"),
        (3599.7, "1 h 00 min"),
        (3600 * 2 + 300, "2 h 05 min"),
        (86_399, "1 d 00 h"),
        (90_000, "1 d 01 h"),
    ],
)
def test_durations_have_two_units(seconds, text):
    assert duration(seconds) == text


def test_a_span_is_one_number_where_nothing_moves():
    assert span(0.1, 0.1) == "0.1"
    assert span(0.1, 0.05) == "0.1 → 0.05"


def test_epochs(named):
    plan = named("cifar10-grow-lr")[0].plan
    assert [epochs(plan, phase) for phase in plan.phases[:2]] == ["0 – 60.01", "60.01 – 120"]

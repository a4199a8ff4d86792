"""Rows: medians, spread, ratios round by round, reasons."""

from bsgrow.bench.measure import Measured, Round
from bsgrow.bench.rows import make_rows


def measured(*rates):
    return Measured({index: Round(rate, 1.0) for index, rate in enumerate(rates)})


def rows_of(**systems):
    return {row["system"]: row for row in make_rows("case", 128, systems)}


def test_the_contract():
    row = rows_of(bsgrow=measured(1, 10, 30, 20))["bsgrow"]
    assert row == {
        "case": "case",
        "system": "bsgrow",
        "global_batch_size": 128,
        "samples_per_second": 20.0,
        "min": 10.0,
        "median": 20.0,
        "max": 30.0,
        "n": 3,
        "of_limit": None,
        "bsgrow_times": 1.0,
    }


def test_ratios_are_taken_within_a_round():
    rows = rows_of(
        limit=measured(9, 100, 10, 100),
        bsgrow=measured(9, 50, 5, 50),
        slow=measured(9, 10),
    )
    assert rows["bsgrow"]["of_limit"] == 0.5
    assert rows["slow"]["of_limit"] == 0.1
    assert rows["slow"]["bsgrow_times"] == 5.0
    assert rows["limit"]["bsgrow_times"] == 0.5


def test_without_a_round_in_common_there_is_no_ratio():
    rows = rows_of(bsgrow=measured(1, 10), once=measured(5))
    assert rows["once"]["samples_per_second"] == 5.0
    assert rows["once"]["bsgrow_times"] is None


def test_a_system_that_did_not_work_has_a_reason_and_no_rate():
    row = rows_of(bsgrow=measured(1, 10), ffcv=Measured(reason="ffcv is not installed"))["ffcv"]
    assert row["samples_per_second"] is None
    assert row["n"] == 0
    assert row["reason"] == "ffcv is not installed"

"""Measurements as rows, as every result states them."""

import statistics
from collections.abc import Mapping
from typing import Any

from bsgrow.bench.measure import Measured, Round

LIMIT, OURS = "limit", "bsgrow"


def make_rows(
    case: str, global_batch_size: int, measured: Mapping[str, Measured]
) -> list[dict[str, Any]]:
    """Return one row for each system that was measured in turn.

    A row has the median of its rounds as ``samples_per_second``, their minimum and maximum as the
    spread, and their number ``n``. ``of_limit`` is the median over rounds of the rate against that
    of the limit in the same round, ``bsgrow_times`` likewise that of bsgrow against the system's;
    None where there is no such round. A system that did not work has the reason and no rate.
    """
    rounds = {name: mine.counted for name, mine in measured.items()}
    limit, ours = rounds.get(LIMIT, {}), rounds.get(OURS, {})
    return [
        {"case": case, "system": name, "global_batch_size": global_batch_size}
        | (_rates(rounds[name], limit, ours) if mine.reason is None else _reason(mine.reason))
        for name, mine in measured.items()
    ]


def _rates(
    rounds: Mapping[int, Round], limit: Mapping[int, Round], ours: Mapping[int, Round]
) -> dict[str, Any]:
    ratios = {"of_limit": median_ratio(rounds, limit), "bsgrow_times": median_ratio(ours, rounds)}
    return spread(rounds) | ratios


def spread(rounds: Mapping[int, Round]) -> dict[str, Any]:
    """Return the median rate of one round or more, and what it was between in how many."""
    rates = [each.samples_per_second for each in rounds.values()]
    median = statistics.median(rates)
    return {
        "samples_per_second": median,
        "min": min(rates),
        "median": median,
        "max": max(rates),
        "n": len(rates),
    }


def median_ratio(rounds: Mapping[int, Round], others: Mapping[int, Round]) -> float | None:
    """Return the median of the ratios of rates, over the rounds that both were in; None of none."""
    ratios = [
        each.samples_per_second / others[index].samples_per_second
        for index, each in rounds.items()
        if index in others
    ]
    return statistics.median(ratios) if ratios else None


def _reason(reason: str) -> dict[str, Any]:
    return {"samples_per_second": None, "n": 0, "reason": reason}

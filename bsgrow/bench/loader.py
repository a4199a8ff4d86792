"""The loader alone, next to other loaders and to the physical limit."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from bsgrow.bench.measure import (
    FAILURES,
    Measured,
    Pace,
    Run,
    describe_failure,
    measure_in_turn,
    run_source,
)
from bsgrow.bench.rows import make_rows
from bsgrow.bench.systems import System
from bsgrow.bench.work import Work
from bsgrow.errors import BsgrowError


def bench_loader(
    works: Iterable[Work],
    systems: Mapping[str, System],
    pace: Pace,
    on_progress: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Measure every system at every work, in turn.

    Args:
        works: one for each case and batch size.
        systems: by name, in the order of the rows.
        pace: how many rounds, and how long.
        on_progress: called with what is going on, in words.

    Returns:
        One row for each work and system; see ``make_rows``.
    """
    return [row for work in works for row in _rows_of(work, systems, pace, on_progress)]


def _rows_of(
    work: Work, systems: Mapping[str, System], pace: Pace, on_progress: Callable[[str], None]
) -> list[dict[str, Any]]:
    failed: dict[str, Measured] = {}
    runs: dict[str, Run] = {}
    asked = {name: each for name, each in systems.items() if each.takes(work)}
    for name, system in asked.items():
        on_progress(f"batch {work.global_batch_size}: preparing {name}")
        try:
            runs[name] = partial(run_source, system.open(work), work)
        except BsgrowError:
            raise
        except FAILURES as error:
            failed[name] = Measured(reason=describe_failure(error))

    def on_round(name: str, index: int) -> None:
        on_progress(f"batch {work.global_batch_size}: round {index + 1}, {name}")

    measured = failed | measure_in_turn(runs, pace, on_round)
    in_order = {name: measured[name] for name in asked}
    return make_rows(work.case, work.global_batch_size, in_order)

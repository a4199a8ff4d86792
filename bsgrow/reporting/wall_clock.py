"""How long a plan will take, from the throughput that was measured at some batch sizes."""

import json
import math
import statistics
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from bsgrow.errors import InputError, did_you_mean
from bsgrow.files.text import read_text
from bsgrow.schedule import Phase, Plan
from bsgrow.text.printable import cut, printable, shown

_RATES = 1e-100, 1e100  # so that the seconds of any plan are a finite number
_MAX_SIZE = 2**63
_LARGEST = 2**22  # bytes of a file, some ten thousand rows
_LISTED = 10
_HINT = (
    "measurements are JSON, as `bsgrow bench train --format json` writes them: "
    '{"rows": [{"case": …, "system": "bsgrow", "global_batch_size": …, '
    '"samples_per_second": …}, …]}'
)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Throughput:
    """Samples per second at the batch sizes that were measured.

    Attributes:
        case: what was measured.
        global_batch_sizes: ascending.
        samples_per_second: the median at each of them.
        hardware: what it was measured on, as the file says, its first entries as text.
    """

    case: str
    global_batch_sizes: tuple[int, ...]
    samples_per_second: tuple[float, ...]
    hardware: Mapping[str, str]

    def at(self, global_batch_size: int) -> float:
        """Return samples per second: linear in log B between rows, that of the nearest outside."""
        sizes, rates = self.global_batch_sizes, self.samples_per_second
        if global_batch_size <= sizes[0]:
            return rates[0]
        if global_batch_size >= sizes[-1]:
            return rates[-1]
        i = bisect_right(sizes, global_batch_size)
        done = math.log(global_batch_size / sizes[i - 1]) / math.log(sizes[i] / sizes[i - 1])
        return (1 - done) * rates[i - 1] + done * rates[i]

    def measures(self, global_batch_size: int) -> bool:
        """Whether a batch size lies within those measured."""
        return self.global_batch_sizes[0] <= global_batch_size <= self.global_batch_sizes[-1]


def read_throughput(path: Path, system: str = "bsgrow", case: str | None = None) -> Throughput:
    """Read measured samples per second, as ``bsgrow bench train --format json`` writes them.

    A file has at most 4 MiB.

    Args:
        path: the file.
        system: whose rows are taken.
        case: which rows of that system; needed where it was measured in several cases.

    Raises:
        InputError: the file cannot be read, is no such file, or has no such rows.
    """
    table, where = _load(path), printable(path)
    rows = [_checked(where, index, row) for index, row in enumerate(table["rows"])]
    rows = [row for row in rows if not _failed(row)]
    rows = _choose(where, "system", system, rows)
    rows = _choose(where, "case", case or _only_case(where, rows), rows)
    rates: defaultdict[int, list[float]] = defaultdict(list)
    for row in rows:
        rates[row["global_batch_size"]].append(row["samples_per_second"])
    sizes = sorted(rates)
    medians = tuple(statistics.median(rates[size]) for size in sizes)
    return Throughput(rows[0]["case"], tuple(sizes), medians, _hardware(table))


def phase_seconds(phase: Phase, throughput: Throughput) -> float:
    """Return the predicted seconds of a phase; a cut last update is as fast as a whole one."""
    num_samples = phase.stop_sample - phase.start_sample
    return num_samples / throughput.at(phase.global_batch_size)


def total_seconds(plan: Plan, throughput: Throughput) -> float:
    """Return the predicted seconds of all updates; evaluation and checkpoints come on top."""
    return sum(phase_seconds(phase, throughput) for phase in plan.phases)


def baseline_seconds(plan: Plan, throughput: Throughput) -> float:
    """Return the predicted seconds of the reference at its fixed batch size."""
    num_samples = plan.num_total_samples - plan.wait.num_samples
    return num_samples / throughput.at(plan.reference.global_batch_size)


def remarks(plan: Plan, throughput: Throughput) -> list[str]:
    """Return what the prediction takes on trust: batch sizes outside those measured."""
    sizes = {phase.global_batch_size for phase in plan.phases} | {plan.reference.global_batch_size}
    outside = sorted(size for size in sizes if not throughput.measures(size))
    if not outside:
        return []
    low, high = throughput.global_batch_sizes[0], throughput.global_batch_sizes[-1]
    return [
        f"no throughput was measured at a global batch of {_listed(outside)}: "
        f"taken as at the nearest of {low} to {high}"
    ]


def _listed(sizes: list[int]) -> str:
    """Return all of a few numbers, or the first and the last of many."""
    few = len(sizes) <= 4
    return ", ".join(map(str, sizes)) if few else f"{sizes[0]} to {sizes[-1]}"


def _load(path: Path) -> dict[str, Any]:
    try:
        table = json.loads(read_text(path, _LARGEST))
    except OSError as error:
        raise InputError(f"{printable(path)}: cannot be read: {error.strerror}", _HINT) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{printable(path)}: is not JSON: {error}", _HINT) from error
    if not isinstance(table, dict) or not isinstance(table.get("rows"), list) or not table["rows"]:
        raise InputError(f'{printable(path)}: has no list "rows" of measurements', _HINT)
    return table


def _hardware(table: Mapping[str, Any]) -> Mapping[str, str]:
    hardware = table.get("hardware")
    entries = islice(hardware.items(), _LISTED) if isinstance(hardware, dict) else ()
    return {key: cut(value) if isinstance(value, str) else shown(value) for key, value in entries}


def _checked(where: str, index: int, row: Any) -> Row:
    """Return a row that has all that is needed of it; raises InputError for others."""
    place = f"{where}, rows[{index}]"
    if not isinstance(row, dict):
        raise InputError(f"{place} = {shown(row)}: must be an object", _HINT)
    for key in ("case", "system"):
        if not isinstance(row.get(key), str):
            raise InputError(f"{place}.{key} = {shown(row.get(key))}: must be a string", _HINT)
    size, rate = row.get("global_batch_size"), row.get("samples_per_second")
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= _MAX_SIZE:
        problem = f"global_batch_size = {shown(size)}: must be an integer above 0"
        raise InputError(f"{place}.{problem}", _HINT)
    if not _failed(row) and not _is_rate(rate):
        problem = f"samples_per_second = {shown(rate)}: must be a number above 0"
        raise InputError(f"{place}.{problem}", _HINT)
    return row


def _is_rate(rate: Any) -> bool:
    low, high = _RATES
    return isinstance(rate, int | float) and not isinstance(rate, bool) and low <= rate <= high


def _failed(row: Row) -> bool:
    """Whether a row says why there is no rate, of a system that was not measured."""
    return row.get("samples_per_second") is None and isinstance(row.get("reason"), str)


def _choose(where: str, key: str, value: str, rows: Iterable[Row]) -> list[Row]:
    """Return the rows with that value of a key; raises InputError where there is none."""
    rows = list(rows)
    chosen = [row for row in rows if row[key] == value]
    if not chosen:
        known = {row[key] for row in rows}
        raise InputError(f"{where}: no row has {key} = {shown(value)}", did_you_mean(value, known))
    return chosen


def _only_case(where: str, rows: Iterable[Row]) -> str:
    cases: list[str] = sorted({row["case"] for row in rows})
    if len(cases) > 1:
        raise InputError(
            f"{where}: measures {len(cases)} cases: {'; '.join(map(cut, cases[:_LISTED]))}"
            + "; …" * (len(cases) > _LISTED),
            hint="choose one of them with --throughput-case",
        )
    return cases[0]
